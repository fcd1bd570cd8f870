/** `antin clinician add|change|delegate|list`: the people who sign, what is on file about them, and that they left. */
import { type Command, Option } from 'commander';
import type { Clinician, Licence } from '../parties/index.ts';
import { clinicianOf, facilityOf, OPERATOR, type PartyOptions, registering } from './parties.ts';

interface FacilityOptions extends PartyOptions {
  readonly facility: string;
}

interface Profile {
  readonly name: string;
  readonly title: string;
  readonly department: string;
  readonly role: readonly string[];
  readonly licence: string;
  readonly licenceFrom: string;
  readonly licenceTo: string;
  readonly uid: string;
}

type NewOptions = FacilityOptions &
  Pick<Profile, 'name' | 'title' | 'department' | 'role'> &
  Partial<Profile> & { readonly staffCode: string };

type ChangeOptions = FacilityOptions & Partial<Profile> & { readonly active?: 'yes' | 'no' };

interface DelegateOptions extends FacilityOptions {
  readonly role: string;
  readonly from: string;
  readonly to: string;
  readonly order: string;
}

export function addClinician(program: Command): void {
  const clinician = program.command('clinician').description('Người hành nghề và người ký khác · People who sign');
  const common = (command: Command): Command =>
    command
      .requiredOption('--facility <code>', 'facility of the person')
      .option('--data <dir>', 'data folder')
      .option('--json', 'one JSON line', false);
  const profile = (command: Command): Command =>
    command
      .option('--licence <number>', 'giấy phép hành nghề')
      .option('--licence-from <day>', 'YYYY-MM-DD')
      .option('--licence-to <day>', 'YYYY-MM-DD; never given: without end')
      .option('--uid <uid>', "UID in the person's certificates: CCCD:…");

  profile(common(clinician.command('add').description('Đăng ký một người ký · Register somebody who signs')))
    .requiredOption('--staff-code <code>', "the hospital's own code for the person")
    .requiredOption('--name <name>', 'name as printed')
    .requiredOption('--title <title>', 'title as printed under the signature')
    .requiredOption('--department <name>', 'department as printed')
    .requiredOption('--role <roles...>', 'roles of forms: practitioner, unit-representative …')
    .action(add);
  profile(common(clinician.command('change').description('Sửa thông tin, hoặc cho nghỉ · Change, or end, an entry')))
    .argument('<staff-code>')
    .option('--name <name>', 'name as printed')
    .option('--title <title>', 'title as printed under the signature')
    .option('--department <name>', 'department as printed')
    .option('--role <roles...>', 'all roles of forms that the person holds from now on')
    .addOption(
      new Option('--active <answer>', 'no: left; signs no more, and the keys are refused').choices(['yes', 'no']),
    )
    .action(change);
  common(clinician.command('delegate').description('Ghi nhận văn bản ủy quyền · Record a written delegation'))
    .argument('<staff-code>')
    .requiredOption('--role <role>', 'the role that the person may act in')
    .requiredOption('--from <day>', 'YYYY-MM-DD')
    .requiredOption('--to <day>', 'YYYY-MM-DD, inclusive')
    .requiredOption('--order <number>', 'number of the written order')
    .action(delegate);
  common(clinician.command('list').description('Liệt kê người ký · List them')).action(list);
}

const add = (options: NewOptions): Promise<void> =>
  registering(options, async (antin) => {
    const { staffCode, name, title, department, role } = options;
    const facility = await facilityOf(antin, options.facility);
    const clinician = await antin.parties.registerClinician(
      facility.id,
      { staffCode, name, title, department, roles: [...role], ...licenceAndUid(options) },
      OPERATOR,
    );
    return {
      words: `Đã đăng ký (registered): ${clinician.staffCode}, ${clinician.id}`,
      fields: { clinician: clinician.id, staffCode: clinician.staffCode },
    };
  });

const change = (staffCode: string, options: ChangeOptions): Promise<void> =>
  registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    const { id, licence } = await clinicianOf(antin, facility, staffCode);
    const { name, title, department, role, active } = options;
    const wanted = {
      ...{ name, title, department },
      roles: role === undefined ? undefined : [...role],
      active: active === undefined ? undefined : active === 'yes',
    };
    const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
    const changed = await antin.parties.updateClinician(
      facility.id,
      id,
      { ...given, ...licenceAndUid(options, licence) },
      OPERATOR,
    );
    return { words: `Đã sửa (changed): ${inWords(changed)}`, fields: { clinician: id, ...shown(changed) } };
  });

const delegate = (staffCode: string, options: DelegateOptions): Promise<void> =>
  registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    const { id } = await clinicianOf(antin, facility, staffCode);
    const { role, from: validFrom, to: validTo, order: documentNumber } = options;
    const delegation = { role, validFrom, validTo, documentNumber };
    await antin.parties.delegate(facility.id, id, delegation, OPERATOR);
    return {
      words: `Đã ghi nhận ủy quyền (recorded): ${staffCode}, ${role}, ${validFrom} – ${validTo}, ${documentNumber}`,
      fields: { clinician: id, ...delegation },
    };
  });

const list = (options: FacilityOptions): Promise<void> =>
  registering(options, async (antin) => {
    const people = await antin.parties.listClinicians((await facilityOf(antin, options.facility)).id);
    return { words: people.map(inWords).join('\n'), fields: { clinicians: people.map(shown) } };
  });

/** What is not given stays as it was `before`. */
function licenceAndUid({ uid, ...options }: Partial<Profile>, before?: Licence) {
  const { licence: number, licenceFrom: validFrom, licenceTo: validTo } = options;
  const given = Object.fromEntries(
    Object.entries({ number, validFrom, validTo }).filter(([, value]) => value !== undefined),
  );
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(given).length === 0 ? {} : { licence: { number: '', validFrom: '', ...before, ...given } }),
  };
}

const shown = ({ staffCode, name, title, department, roles, licence, active }: Clinician) => ({
  ...{ staffCode, name, title, department, roles, active },
  licenceTo: licence?.validTo,
});

const inWords = ({ staffCode, name, department, roles, active }: Clinician): string =>
  `${staffCode}  ${name}, ${department}  ${roles.join(',')}${active ? '' : '  (đã nghỉ, left)'}`;
