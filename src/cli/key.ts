/** `antin key add|list|revoke`: API keys. A key is shown once and kept nowhere. */
import { type Command, Option } from 'commander';
import { ROLES, type Role } from '../platform/access/index.ts';
import { createAuditLog } from '../platform/audit/index.ts';
import type { Tx } from '../platform/db/index.ts';
import { AppError, systemClock } from '../shared/index.ts';
import { clinicianOf, facilityOf, OPERATOR, type PartyOptions, registering } from './parties.ts';

interface KeyOptions extends PartyOptions {
  readonly facility: string;
}

interface NewKeyOptions extends KeyOptions {
  readonly name: string;
  readonly role: readonly Role[];
  readonly clinician?: string;
}

export function addKey(program: Command): void {
  const key = program.command('key').description('Khóa API · API keys');
  const common = (command: Command): Command =>
    command
      .requiredOption('--facility <code>', 'facility of the key')
      .option('--data <dir>', 'data folder')
      .option('--json', 'one JSON line', false);

  common(key.command('add').description('Tạo khóa, chỉ hiện một lần · Make a key; it is shown once'))
    .requiredOption('--name <name>', 'what it is for, for lists')
    .addOption(new Option('--role <roles...>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--clinician <staff-code>', 'the person for whom it acts')
    .action(add);
  common(key.command('list').description('Liệt kê khóa · List keys')).action(list);
  common(key.command('revoke').description('Thu hồi một khóa · Revoke a key').argument('<id>')).action(revoke);
}

const audit = createAuditLog({ clock: systemClock });

/** Who may come in, and no longer, is told in the log of the facility. */
function note(tx: Tx, facilityId: string, action: string, id: string, details: Record<string, string> = {}) {
  return audit.record(tx, { facilityId, actor: OPERATOR, action, object: { kind: 'api-key', id }, details });
}

const add = (options: NewKeyOptions): Promise<void> =>
  registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    const clinicianId =
      options.clinician === undefined ? undefined : (await clinicianOf(antin, facility, options.clinician)).id;
    const roles = options.role;
    const person = clinicianId === undefined ? {} : { clinicianId };
    const { id, token } = await antin.database.transaction(async (tx) => {
      const made = await antin.access.createApiKey(tx, {
        facilityId: facility.id,
        name: options.name,
        roles,
        ...person,
      });
      await note(tx, facility.id, 'api-key.created', made.id, { roles: roles.join(' '), ...person });
      return made;
    });
    return {
      words: `${token}\nGhi lại ngay: khóa không được lưu và không hiện lại (note it now, it is kept nowhere)`,
      fields: { id, token, facility: facility.id },
    };
  });

const list = (options: KeyOptions): Promise<void> =>
  registering(options, async (antin) => {
    const keys = await antin.access.listApiKeys((await facilityOf(antin, options.facility)).id);
    const lines = keys.map(({ keyId, name, roles, revokedAt }) => {
      return `${keyId}  ${roles.join(',')}  ${name}${revokedAt === undefined ? '' : '  (đã thu hồi, revoked)'}`;
    });
    return { words: lines.join('\n'), fields: { keys } };
  });

const revoke = (id: string, options: KeyOptions): Promise<void> =>
  registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    const revoked = await antin.database.transaction(async (tx) => {
      const done = await antin.access.revokeApiKey(tx, facility.id, id);
      if (done) await note(tx, facility.id, 'api-key.revoked', id);
      return done;
    });
    if (!revoked) {
      throw new AppError('PARTY_NOT_FOUND', {
        detail: { vi: 'Cơ sở không có khóa nào như vậy đang có hiệu lực', en: 'The facility has no such key in force' },
      });
    }
    return { words: `Đã thu hồi (revoked): ${id}`, fields: { revoked: id } };
  });
