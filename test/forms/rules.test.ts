import { describe, expect, it } from 'vitest';
import { forms, mistakesOf, NOW, sampleWith } from './support.ts';

const RV = 'giay-ra-vien';
const TT = 'tom-tat-ho-so-benh-an';
const TL = 'tai-lieu-pdf';

const certificate = (changes?: Record<string, unknown>) => mistakesOf(RV, sampleWith(RV, changes));
const samplePatient = sampleWith(RV).patient as Record<string, unknown>;
const patient = (changes: Record<string, unknown>) => ({ patient: { ...samplePatient, ...changes } });
const leave = (days: number, from: string, to: string) => ({ sickLeave: { days, from, to } });

describe('every form', () => {
  it.each([RV, TT, TL])('%s accepts its sample', (id) => {
    expect(mistakesOf(id, sampleWith(id))).toEqual([]);
  });

  it.each([RV, TT, TL])('%s lists everything that is missing, at once and in both languages', (id) => {
    const mistakes = forms.find(id, NOW).mistakes({}, NOW);
    expect(mistakes.length).toBeGreaterThanOrEqual(4);
    for (const mistake of mistakes) {
      expect(mistake.code).toBe('REQUIRED');
      expect(mistake.vi).toMatch(/^Thiếu thông tin bắt buộc/);
      expect(mistake.en).toMatch(/^This field is required/);
    }
  });

  it.each([null, 7, 'text', [], true])('refuses %j as content', (content) => {
    expect(mistakesOf(RV, content)).toEqual([' WRONG_TYPE']);
  });
});

describe('text', () => {
  it('is stored NFC, trimmed, with plain line feeds and blanks', () => {
    const sent = sampleWith(RV, { treatment: '  Kháng\u00a0sinh\r\nNghỉ ngơi \n'.normalize('NFD') });
    expect(forms.find(RV, NOW).check(sent, NOW).treatment).toBe('Kháng sinh\nNghỉ ngơi'.normalize('NFC'));
  });

  it.each([
    ['\u0000', 'CHARACTER_FORBIDDEN'],
    ['\u202e', 'CHARACTER_FORBIDDEN'],
    ['\ud800', 'CHARACTER_FORBIDDEN'],
    ['明', 'GLYPH_UNKNOWN'],
    ['☐', 'GLYPH_UNKNOWN'],
  ])('with %j is refused by place and code', (character, code) => {
    const content = sampleWith(RV, { ...patient({ address: `Số 8 ${character} đường Mẫu` }) });
    expect(mistakesOf(RV, content)).toEqual([`/patient/address ${code}`]);
    expect(() => forms.find(RV, NOW).check(content, NOW)).toThrow(expect.objectContaining({ code }));
  });

  it('may hold code, which stays text', () => {
    expect(certificate({ treatment: '<script>alert(1)</script> #eval("1") *x* $y$' })).toEqual([]);
  });

  it('has a length, and one line where the paper has one', () => {
    expect(certificate(patient({ fullName: 'A'.repeat(121) }))).toEqual(['/patient/fullName TOO_LONG']);
    expect(certificate(patient({ fullName: 'A\nB' }))).toEqual(['/patient/fullName LINE_BREAK']);
    expect(certificate(patient({ fullName: '  ' }))).toEqual(['/patient/fullName REQUIRED']);
  });

  it('in a field that the form does not have is a slip, not an extra', () => {
    expect(certificate({ treatmnet: 'x' })).toEqual(['/treatmnet UNKNOWN_FIELD']);
    expect(certificate(patient({ 'a/b': 'x' }))).toEqual(['/patient/a~1b UNKNOWN_FIELD']);
  });

  it('nested without end is refused, not followed', () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 50_000; depth++) nested = [nested];
    expect(mistakesOf(RV, { ...sampleWith(RV), note: nested })).toEqual([' WRONG_TYPE']);
  });
});

describe('times', () => {
  it.each([
    ['2026-02-30T08:00:00+07:00'],
    ['2026-03-03T24:30:00+07:00'],
    ['2026-03-03T08:15:00Z'],
    ['2026-03-03 08:15'],
    ['03/03/2026'],
  ])('%s is no time', (admittedAt) => {
    expect(certificate({ admittedAt })).toEqual(['/admittedAt NOT_A_TIME']);
  });

  it('may leave the seconds out', () => {
    const content = forms.find(RV, NOW).check(sampleWith(RV, { admittedAt: '2026-03-03T08:15+07:00' }), NOW);
    expect(content.admittedAt).toBe('2026-03-03T08:15:00+07:00');
  });

  it('come in their order, and none lies ahead', () => {
    expect(certificate({ admittedAt: '2026-03-14T10:31:00+07:00' })).toEqual([
      '/dischargedAt DISCHARGE_BEFORE_ADMISSION',
    ]);
    expect(certificate({ admittedAt: '2026-03-14T10:30:00+07:00' })).toEqual([]);
    expect(mistakesOf(RV, sampleWith(RV), new Date('2026-03-14T10:29:59+07:00'))).toEqual(['/dischargedAt IN_FUTURE']);
    expect(certificate(patient({ birthDate: '2026-03-04' }))).toContain('/patient/birthDate BORN_AFTER_ADMISSION');
    expect(certificate(patient({ birthDate: '1958' }))).toEqual([]);
    expect(certificate(patient({ birthDate: '1958-02-29' }))).toEqual(['/patient/birthDate NOT_A_DAY']);
  });
});

describe('numbers and codes', () => {
  it.each(['J18.9', 'I10', 'A17.0†', 'G01*', 'U07.1', 'M54.56'])('%s is an ICD-10 code', (code) => {
    expect(certificate({ diagnoses: [{ code, name: 'Bệnh' }] })).toEqual([]);
  });

  it.each(['j18.9', 'J1', 'J18.', 'J18.999', '18.9', ''])('“%s” is none', (code) => {
    expect(certificate({ diagnoses: [{ code, name: 'Bệnh' }] })).toContain('/diagnoses/0/code NOT_ICD10');
  });

  it('a diagnosis is needed', () => {
    expect(certificate({ diagnoses: [] })).toEqual(['/diagnoses TOO_FEW']);
  });

  it('CCCD has 12 digits, a passport capitals and digits', () => {
    const identity = (kind: string, number: string) => certificate(patient({ identity: { kind, number } }));
    expect(identity('cccd', '066158000123')).toEqual([]);
    expect(identity('cccd', '66158000123')).toEqual(['/patient/identity/number NOT_A_CCCD']);
    expect(identity('passport', 'C1234567')).toEqual([]);
    expect(identity('passport', 'c12-4567')).toEqual(['/patient/identity/number NOT_A_PASSPORT']);
    expect(certificate(patient({ identity: undefined }))).toEqual([]);
  });

  it('a BHYT card has 15 characters, however they are spaced, or is the ten-digit number', () => {
    const card = (insuranceCard: string) => certificate(patient({ insuranceCard }));
    expect(card('HT3666612345678')).toEqual([]);
    expect(card('ht 3 66 6612345678')).toEqual([]);
    expect(card('6612345678')).toEqual([]);
    for (const wrong of ['HT6666612345678', 'HT36666123456', '661234567X']) {
      expect(card(wrong)).toEqual(['/patient/insuranceCard NOT_A_BHYT_CARD']);
    }
  });
});

describe('days off work', () => {
  it('are counted with both ends', () => {
    expect(certificate(leave(1, '2026-03-14', '2026-03-14'))).toEqual([]);
    expect(certificate(leave(6, '2026-03-14', '2026-03-20'))).toEqual(['/sickLeave/days LEAVE_DAYS_WRONG']);
    expect(certificate(leave(7, '2026-03-20', '2026-03-14'))).toEqual(['/sickLeave/to LEAVE_ENDS_BEFORE_START']);
  });

  it('begin at discharge or later', () => {
    expect(certificate(leave(2, '2026-03-13', '2026-03-14'))).toEqual(['/sickLeave/from LEAVE_BEFORE_DISCHARGE']);
  });

  it('are 30 at most', () => {
    expect(certificate(leave(30, '2026-03-14', '2026-04-12'))).toEqual([]);
    expect(certificate(leave(31, '2026-03-14', '2026-04-13'))).toEqual(['/sickLeave/days LEAVE_TOO_LONG']);
  });

  it('are 50 at most after the loss of a pregnancy of 13 weeks', () => {
    const pregnancy = (gestationalWeeks: number) => ({
      pregnancy: { terminationReason: 'Thai lưu', terminatedAt: '2026-03-05T09:00:00+07:00', gestationalWeeks },
    });
    expect(certificate({ ...pregnancy(13), ...leave(50, '2026-03-14', '2026-05-02') })).toEqual([]);
    expect(certificate({ ...pregnancy(13), ...leave(51, '2026-03-14', '2026-05-03') })).toEqual([
      '/sickLeave/days LEAVE_TOO_LONG',
    ]);
    expect(certificate({ ...pregnancy(12), ...leave(50, '2026-03-14', '2026-05-02') })).toEqual([
      '/sickLeave/days LEAVE_TOO_LONG',
    ]);
  });

  it('are 180 at most with tuberculosis', () => {
    const tuberculosis = (code: string) => ({
      diagnoses: [{ code, name: 'Lao' }],
      ...leave(180, '2026-03-14', '2026-09-09'),
    });
    expect(certificate(tuberculosis('A15.0'))).toEqual([]);
    expect(certificate(tuberculosis('A19.9'))).toEqual([]);
    expect(certificate(tuberculosis('A20.0'))).toEqual(['/sickLeave/days LEAVE_TOO_LONG']);
    expect(certificate({ ...tuberculosis('A15.0'), ...leave(181, '2026-03-14', '2026-09-10') })).toEqual([
      '/sickLeave/days LEAVE_TOO_LONG',
    ]);
  });
});

describe('parents or guardian', () => {
  const guardians = [{ relation: 'mother', fullName: 'Lê Thị Mẫu' }];

  it('are named for a patient under 16 at discharge', () => {
    expect(certificate(patient({ birthDate: '2010-03-15' }))).toEqual(['/guardians GUARDIAN_REQUIRED']);
    expect(certificate({ ...patient({ birthDate: '2010-03-15' }), guardians })).toEqual([]);
    expect(certificate(patient({ birthDate: '2010-03-14' }))).toEqual([]);
  });

  it('are named for a patient without legal capacity', () => {
    expect(certificate({ incapacitated: true })).toEqual(['/guardians GUARDIAN_REQUIRED']);
    expect(certificate({ incapacitated: true, guardians })).toEqual([]);
  });

  it('are at least one, if named', () => {
    expect(certificate({ guardians: [] })).toEqual(['/guardians TOO_FEW']);
  });
});

describe('a terminated pregnancy', () => {
  const pregnancy = { terminationReason: 'Thai lưu', terminatedAt: '2026-03-05T09:00:00+07:00', gestationalWeeks: 20 };

  it('has reason, time and gestational age together', () => {
    expect(certificate({ pregnancy })).toEqual([]);
    expect(certificate({ pregnancy: { gestationalWeeks: 20 } })).toEqual([
      '/pregnancy/terminationReason REQUIRED',
      '/pregnancy/terminatedAt REQUIRED',
    ]);
  });

  it('has 1 to 42 whole weeks', () => {
    expect(certificate({ pregnancy: { ...pregnancy, gestationalWeeks: 42 } })).toEqual([]);
    expect(certificate({ pregnancy: { ...pregnancy, gestationalWeeks: 43 } })).toEqual([
      '/pregnancy/gestationalWeeks TOO_BIG',
    ]);
    expect(certificate({ pregnancy: { ...pregnancy, gestationalWeeks: 0 } })).toEqual([
      '/pregnancy/gestationalWeeks TOO_SMALL',
    ]);
    expect(certificate({ pregnancy: { ...pregnancy, gestationalWeeks: 12.5 } })).toEqual([
      '/pregnancy/gestationalWeeks WRONG_TYPE',
    ]);
  });

  it('is before discharge, and not a man’s', () => {
    expect(certificate({ pregnancy: { ...pregnancy, terminatedAt: '2026-03-14T10:31:00+07:00' } })).toEqual([
      '/pregnancy/terminatedAt AFTER_DISCHARGE',
    ]);
    expect(certificate({ ...patient({ gender: 'male' }), pregnancy })).toEqual(['/pregnancy NOT_FEMALE']);
  });
});

describe('a summary', () => {
  const summary = (changes?: Record<string, unknown>) => mistakesOf(TT, sampleWith(TT, changes));

  it('names a treatment', () => {
    expect(summary({ medicalTreatment: undefined })).toEqual(['/medicalTreatment TREATMENT_REQUIRED']);
    expect(summary({ medicalTreatment: undefined, surgicalTreatment: 'Cắt ruột thừa nội soi' })).toEqual([]);
  });

  it('describes an injury at admission and at discharge', () => {
    const diagnoses = [{ code: 'S52.5', name: 'Gãy đầu dưới xương quay' }];
    expect(summary({ diagnoses })).toEqual(['/injury INJURY_REQUIRED']);
    expect(
      summary({ diagnoses, injury: { atAdmission: 'Biến dạng cổ tay phải', atDischarge: 'Bột ổn định' } }),
    ).toEqual([]);
  });

  it('knows seven conditions at discharge', () => {
    expect(summary({ outcome: 'grave-discharge' })).toEqual([]);
    expect(summary({ outcome: 'better' })).toEqual(['/outcome NOT_ALLOWED']);
  });
});

describe('an uploaded document', () => {
  it('is not of tomorrow, and its times are in order', () => {
    const upload = (changes: Record<string, unknown>) => mistakesOf(TL, sampleWith(TL, changes));
    expect(upload({ documentDate: '2026-03-14' })).toEqual([]);
    expect(upload({ documentDate: '2026-03-15' })).toEqual(['/documentDate IN_FUTURE']);
    expect(upload({ dischargedAt: '2026-03-01T00:00:00+07:00' })).toEqual(['/dischargedAt DISCHARGE_BEFORE_ADMISSION']);
    expect(upload({ admittedAt: undefined, dischargedAt: undefined })).toEqual([]);
  });
});
