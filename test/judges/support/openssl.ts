import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCertificates } from './certificate-folder.ts';
import { readSignatureTimestamps, readSignedParts } from './signed-parts.ts';
import type { Tools } from './tools.ts';
import type { OpensslCheck, OpensslVerdict, TrustOptions } from './verdicts.ts';

/** One piece to verify: a CMS or token, the bytes it signs, and the CMS whose certificates may build the chain. */
interface Piece {
  signature: number;
  kind: OpensslCheck['kind'];
  cms: Uint8Array;
  content: Uint8Array;
}

function readPieces(pdf: Uint8Array): Piece[] {
  return readSignedParts(pdf).flatMap(({ cms, content, subFilter }, index): Piece[] => {
    const signature = index + 1;
    if (subFilter === 'ETSI.RFC3161') return [{ signature, kind: 'document-timestamp', cms, content }];
    const stamps = readSignatureTimestamps(cms).map(
      ({ token, stamped }): Piece => ({ signature, kind: 'signature-timestamp', cms: token, content: stamped }),
    );
    return [{ signature, kind: 'signature', cms, content }, ...stamps];
  });
}

function attempt<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** OpenSSL's command line over the bytes taken out of the file. */
export function createOpenssl(tools: Tools) {
  async function checkAll(
    file: string,
    options: TrustOptions,
    wanted: (kind: Piece['kind']) => boolean,
  ): Promise<OpensslVerdict> {
    const pdf = await readFile(file);
    const pieces = attempt(() => readPieces(pdf));
    if (pieces instanceof Error) return { file, ok: false, checks: [], error: pieces.message };
    const folder = await mkdtemp(join(tmpdir(), 'antin-openssl-'));
    try {
      const anchors = await readCertificates(options.trust);
      const others = options.extra === undefined ? [] : await readCertificates(options.extra);
      for (const piece of pieces) others.push(...(await certificatesIn(folder, piece)));
      await writeFile(join(folder, 'anchors.pem'), anchors.join('\n'));
      await writeFile(join(folder, 'others.pem'), [...others, ...anchors].join('\n')); // OpenSSL refuses an empty file
      const checks: OpensslCheck[] = [];
      for (const piece of pieces.filter(({ kind }) => wanted(kind))) checks.push(await verify(folder, piece, options));
      return { file, ok: checks.length > 0 && checks.every((check) => check.ok), checks, error: null };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function certificatesIn(folder: string, piece: Piece): Promise<string[]> {
    const path = join(folder, 'certificates.der');
    const { stdout } = await tools.run('openssl', [
      'pkcs7',
      '-inform',
      'DER',
      '-print_certs',
      '-in',
      await write(path, piece.cms),
    ]);
    return stdout.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  }

  async function verify(folder: string, piece: Piece, { at }: TrustOptions): Promise<OpensslCheck> {
    const cms = await write(join(folder, 'piece.der'), piece.cms);
    const content = await write(join(folder, 'piece.bin'), piece.content);
    const chain = ['-CAfile', join(folder, 'anchors.pem')];
    const time = at === undefined ? [] : ['-attime', String(Math.floor(Date.parse(at) / 1000))];
    const { exitCode, stdout, stderr } =
      piece.kind === 'signature'
        ? // `-cades` demands the signing-certificate attribute; `-binary` keeps OpenSSL from changing line ends.
          await tools.run('openssl', [
            ...['cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', cms, '-content', content],
            ...['-certfile', join(folder, 'others.pem'), '-purpose', 'any', '-out', '/dev/null', ...chain, ...time],
          ])
        : await tools.run('openssl', [
            ...['ts', '-verify', '-token_in', '-in', cms, '-data', content],
            ...['-untrusted', join(folder, 'others.pem'), ...chain, ...time],
          ]);
    return { signature: piece.signature, kind: piece.kind, ok: exitCode === 0, text: (stdout + stderr).trim() };
  }

  async function write(path: string, bytes: Uint8Array): Promise<string> {
    await writeFile(path, bytes);
    return path;
  }

  return {
    checkSignatures: (file: string, options: TrustOptions) => checkAll(file, options, (kind) => kind === 'signature'),
    checkTimestamps: (file: string, options: TrustOptions) => checkAll(file, options, (kind) => kind !== 'signature'),
  };
}
