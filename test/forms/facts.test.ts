import { describe, expect, it } from 'vitest';
import { crossCheckFacts, type RecordFacts } from '../../src/forms/index.ts';
import { forms, NOW, sampleWith } from './support.ts';

function factsOf(id: string, changes: Record<string, unknown> = {}): RecordFacts {
  const form = forms.find(id, NOW);
  return form.facts(form.check(sampleWith(id, changes), NOW));
}
const diagnosed = (...codes: string[]) => ({ diagnoses: codes.map((code) => ({ code, name: 'Bệnh' })) });

describe('facts', () => {
  it('say what retention and comparison need', () => {
    expect(factsOf('tom-tat-ho-so-benh-an', { causes: ['labour-accident'] })).toEqual({
      recordNumber: '26.0260451',
      patient: {
        fullName: 'Nguyễn Thị Ví Dụ',
        birthDate: '1958-09-05',
        identityNumber: '066158000123',
        insuranceNumber: 'HT3666612345678',
      },
      admittedAt: '2026-03-03T08:15:00+07:00',
      dischargedAt: '2026-03-14T10:30:00+07:00',
      diagnoses: ['J18.9', 'I10', 'E11.9'],
      outcome: 'improved',
      causes: ['labour-accident'],
    });
  });

  it('take from the codes what the sender forgot', () => {
    expect(factsOf('giay-ra-vien', diagnosed('F20.0', 'V23.4', 'Z52.4')).causes).toEqual([
      'mental-illness',
      'traffic-accident',
      'transplant-donor',
    ]);
    expect(factsOf('giay-ra-vien', diagnosed('G30.9', 'V95.0', 'W01')).causes).toEqual([]);
  });
});

describe('two documents of one record', () => {
  const disagreements = (changes: Record<string, unknown>) =>
    crossCheckFacts(factsOf('giay-ra-vien', changes), factsOf('tom-tat-ho-so-benh-an')).map(
      ({ path, code }) => `${path} ${code}`,
    );

  it('agree, in our samples', () => {
    expect(disagreements({})).toEqual([]);
  });

  it.each([
    ['recordNumber', { recordNumber: '26.0260452' }],
    ['admittedAt', { admittedAt: '2026-03-03T08:16:00+07:00' }],
    ['dischargedAt', { dischargedAt: '2026-03-14T10:31:00+07:00' }],
    ['diagnoses', diagnosed('J18.9', 'I10')],
    ['outcome', { outcome: 'recovered' }],
  ])('are caught when they differ in %s', (path, changes) => {
    expect(disagreements(changes)).toEqual([`/facts/${path} FACTS_DISAGREE`]);
  });

  it('may order their codes differently, spell the name in capitals, or stay silent', () => {
    const patient = {
      ...(sampleWith('giay-ra-vien').patient as object),
      fullName: 'NGUYỄN THỊ VÍ DỤ',
      birthDate: '1958',
      identity: undefined,
    };
    expect(disagreements({ patient, outcome: undefined, ...diagnosed('E11.9', 'J18.9', 'I10') })).toEqual([]);
  });
});
