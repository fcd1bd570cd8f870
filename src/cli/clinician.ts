/** `antin clinician add`: registers somebody who signs. */
import type { Command } from 'commander';
import { facilityOf, OPERATOR, type PartyOptions, registering } from './parties.ts';

interface ClinicianOptions extends PartyOptions {
  readonly facility: string;
  readonly staffCode: string;
  readonly name: string;
  readonly title: string;
  readonly department: string;
  readonly role: readonly string[];
  readonly licence?: string;
  readonly licenceFrom?: string;
  readonly licenceTo?: string;
  readonly uid?: string;
}

export function addClinician(program: Command): void {
  program
    .command('clinician')
    .description('Người hành nghề và người ký khác · People who sign')
    .command('add')
    .description('Đăng ký một người ký · Register somebody who signs')
    .requiredOption('--facility <code>', 'facility of the person')
    .requiredOption('--staff-code <code>', "the hospital's own code for the person")
    .requiredOption('--name <name>', 'name as printed')
    .requiredOption('--title <title>', 'title as printed under the signature')
    .requiredOption('--department <name>', 'department as printed')
    .requiredOption('--role <roles...>', 'roles of forms: practitioner, unit-representative …')
    .option('--licence <number>', 'giấy phép hành nghề')
    .option('--licence-from <day>', 'YYYY-MM-DD')
    .option('--licence-to <day>', 'YYYY-MM-DD; absent: without end')
    .option('--uid <uid>', "UID in the person's certificates: CCCD:…")
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action((options: ClinicianOptions) =>
      registering(options, async (antin) => {
        const { staffCode, name, title, department, role, licence, licenceFrom = '', licenceTo, uid } = options;
        const facility = await facilityOf(antin, options.facility);
        const clinician = await antin.parties.registerClinician(
          facility.id,
          {
            staffCode,
            name,
            title,
            department,
            roles: [...role],
            ...(uid === undefined ? {} : { uid }),
            ...(licence === undefined
              ? {}
              : {
                  licence: {
                    number: licence,
                    validFrom: licenceFrom,
                    ...(licenceTo === undefined ? {} : { validTo: licenceTo }),
                  },
                }),
          },
          OPERATOR,
        );
        return {
          words: `Đã đăng ký (registered): ${clinician.staffCode}, ${clinician.id}`,
          fields: { clinician: clinician.id, staffCode: clinician.staffCode },
        };
      }),
    );
}
