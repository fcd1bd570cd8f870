/** `antin credential add|withdraw`: certificates of people and of the facility (its seal) whose keys are kept here as PKCS#12 files. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { openPkcs12, rawSigner } from '../engines/crypto/index.ts';
import { AppError } from '../shared/index.ts';
import { readInput, readSecret } from './files.ts';
import { clinicianOf, facilityOf, OPERATOR, type PartyOptions, registering } from './parties.ts';

interface CredentialOptions extends PartyOptions {
  readonly facility: string;
  readonly clinician?: string;
  readonly p12: string;
  readonly pinFile: string;
}

export function addCredential(program: Command): void {
  const credential = program.command('credential').description('Chứng thư số · Certificates');
  credential
    .command('add')
    .description('Đăng ký chứng thư số có khóa trong tệp PKCS#12 · Enrol a certificate whose key is in a PKCS#12 file')
    .requiredOption('--facility <code>', 'facility of the certificate')
    .option('--clinician <staff-code>', 'the person; absent: the seal of the facility')
    .requiredOption('--p12 <file>', 'key and certificate')
    .requiredOption('--pin-file <file>', 'file with the PIN; kept only for a seal, which signs unattended')
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action(add);
  credential
    .command('withdraw')
    .description('Thu hồi trong hệ thống: không ký được nữa · Withdraw here: it signs no more')
    .argument('<id>')
    .requiredOption('--facility <code>', 'facility of the certificate')
    .requiredOption('--reason <text>', 'why')
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action(withdraw);
}

const withdraw = (id: string, options: PartyOptions & { facility: string; reason: string }): Promise<void> =>
  registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    await antin.parties.withdrawCredential(facility.id, id, options.reason, OPERATOR);
    return { words: `Đã thu hồi (withdrawn): ${id}`, fields: { withdrawn: id } };
  });

async function add(options: CredentialOptions): Promise<void> {
  const { MODE, SOFTWARE_KEYS_ACCEPTED_BY } = loadConfig({ DATA_DIR: options.data });
  if (MODE === 'legal' && SOFTWARE_KEYS_ACCEPTED_BY === undefined) throw new AppError('SOFTWARE_KEY_REFUSED');
  const pkcs12 = await readInput(options.p12);
  const pin = await readSecret(options.pinFile);
  const { privateKey, certificate, chain } = await openPkcs12(pkcs12, pin);
  await registering(options, async (antin) => {
    const facility = await facilityOf(antin, options.facility);
    const clinician =
      options.clinician === undefined ? undefined : await clinicianOf(antin, facility, options.clinician);
    const { id, fingerprint, notAfter } = await antin.parties.enrolCredential(
      {
        facilityId: facility.id,
        clinicianId: clinician?.id,
        certificate,
        chain,
        pkcs12,
        testSign: (scheme, message) => rawSigner(privateKey, scheme)(message),
      },
      OPERATOR,
    );
    if (clinician === undefined) await antin.keepSealPin(id, pin);
    return {
      words: `Đã đăng ký chứng thư số (enrolled): ${id}, ${certificate.subject.text}, đến (until) ${notAfter.toISOString()}`,
      fields: { credential: id, fingerprint, notAfter: notAfter.toISOString() },
    };
  });
}
