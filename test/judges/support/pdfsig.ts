import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCertificates } from './certificate-folder.ts';
import type { Tools } from './tools.ts';
import type { PdfsigSignature, PdfsigVerdict } from './verdicts.ts';

/** pdfsig validates with NSS, which keeps its anchors in a database: one is made for each trust folder asked about. */
export function createPdfsig(tools: Tools) {
  const databases = new Map<string, Promise<string>>();
  const temporary: string[] = [];

  async function makeDatabase(trust: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'antin-nss-'));
    temporary.push(folder);
    const database = `sql:${folder}`;
    await mustRun('certutil', ['-N', '-d', database, '--empty-password']);
    for (const [index, pem] of (await readCertificates(trust)).entries()) {
      const file = join(folder, `anchor-${index}.pem`);
      await writeFile(file, pem);
      // Trusted for e-mail, the second place: pdfsig asks NSS for that usage.
      await mustRun('certutil', ['-A', '-d', database, '-n', `anchor ${index}`, '-t', ',C,', '-i', file]);
    }
    return database;
  }

  async function mustRun(command: string, args: readonly string[]) {
    const { exitCode, stdout, stderr } = await tools.run(command, args);
    if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  }

  function databaseFor(trust: string): Promise<string> {
    const database = databases.get(trust) ?? makeDatabase(trust);
    databases.set(trust, database);
    return database;
  }

  return {
    async check(file: string, options: { trust: string }): Promise<PdfsigVerdict> {
      const database = await databaseFor(options.trust);
      // Not `-no-ocsp`: pdfsig then calls a good chain an unknown issue. Its exit code is 0 even for a digest mismatch.
      const { stdout, stderr } = await tools.run('pdfsig', ['-nssdir', database, file]);
      const signatures = stdout
        .split(/^Signature #\d+:$/m)
        .slice(1)
        .map(readSignature);
      // A document time-stamp is of an `unknown` type to pdfsig, and not verified at all.
      const people = signatures.filter((signature) => signature.subFilter !== 'unknown');
      return {
        file,
        ok: people.length > 0 && people.every((signature) => signature.valid),
        signatures,
        text: stdout + stderr,
      };
    },
    async close() {
      await Promise.all(temporary.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}

function readSignature(text: string): PdfsigSignature {
  const value = (label: string) => text.match(new RegExp(`^\\s+- ${label}: *(.*)$`, 'm'))?.[1]?.trim() ?? null;
  const signature = value('Signature Validation') ?? '';
  const certificate = value('Certificate Validation');
  return {
    signature,
    certificate,
    signer: value('Signer Certificate Common Name'),
    subFilter: value('Signature Type'),
    coversWholeFile: /^\s+- Total document signed$/m.test(text),
    valid: signature === 'Signature is Valid.',
    trusted: certificate === 'Certificate is Trusted.',
  };
}
