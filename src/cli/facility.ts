/** `antin facility add`: registers a hospital or clinic. */
import type { Command } from 'commander';
import { OPERATOR, type PartyOptions, registering } from './parties.ts';

interface FacilityOptions extends PartyOptions {
  readonly code: string;
  readonly name: string;
  readonly parentAuthority: string;
  readonly place: string;
  readonly uid?: string;
}

export function addFacility(program: Command): void {
  program
    .command('facility')
    .description('Cơ sở khám bệnh, chữa bệnh · Hospitals and clinics')
    .command('add')
    .description('Đăng ký một cơ sở · Register a facility')
    .requiredOption('--code <code>', 'mã cơ sở khám bệnh, chữa bệnh')
    .requiredOption('--name <name>', 'name as printed')
    .requiredOption('--parent-authority <name>', 'cơ quan chủ quản, as printed')
    .requiredOption('--place <name>', 'place in the line "…, ngày … tháng … năm …"')
    .option('--uid <uid>', 'UID in the certificates of its seal: MST:…')
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action((options: FacilityOptions) =>
      registering(options, async ({ parties }) => {
        const { code, name, parentAuthority, place, uid } = options;
        const facility = await parties.registerFacility(
          { code, name, parentAuthority, place, ...(uid === undefined ? {} : { uid }) },
          OPERATOR,
        );
        return {
          words: `Đã đăng ký cơ sở (registered): ${facility.name}, ${facility.code}, ${facility.id}`,
          fields: { facility: facility.id, code: facility.code },
        };
      }),
    );
}
