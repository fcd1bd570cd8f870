/** Reads the anchors of an installation from PEM files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, parsePem } from '../../engines/crypto/index.ts';
import { AppError } from '../../shared/index.ts';
import type { TrustStore } from './types.ts';

/** What stands in the OU of every name that a throw-away authority (`antin dev-pki`) gives: for people to see and for `isDevelopmentAnchor`. */
export const DEVELOPMENT_MARK = 'BẢN THỬ - không có giá trị pháp lý';

/** True for anchors of a throw-away authority, whoever copied them where. */
export function isDevelopmentAnchor(anchor: Certificate): boolean {
  return anchor.subject.attributes.get('OU')?.includes(DEVELOPMENT_MARK) ?? false;
}

/**
 * Reads every `*.pem` and `*.crt` (PEM) of `signers/` and `tsa/` under `dir`. A folder that is empty or absent gives no
 * anchors: then nothing of its kind is trusted. Throws TRUST_DIR_INVALID, naming the file, when `dir` is absent, or a file
 * holds no certificate, an unreadable one, or one that is not a CA.
 */
export async function loadTrust(dir: string): Promise<TrustStore> {
  if ((await filesOf(dir)) === undefined) throw invalid(dir, 'thư mục không tồn tại', 'the directory does not exist');
  const signers = await anchorsIn(join(dir, 'signers'));
  const tsa = await anchorsIn(join(dir, 'tsa'));
  const all = new Map([...signers, ...tsa].map((anchor) => [anchor.fingerprint, anchor]));
  return { signers, tsa, development: [...all.values()].filter(isDevelopmentAnchor) };
}

async function anchorsIn(dir: string): Promise<Certificate[]> {
  const anchors = new Map<string, Certificate>();
  for (const name of ((await filesOf(dir)) ?? []).sort()) {
    if (!/\.(pem|crt)$/i.test(name)) continue;
    const path = join(dir, name);
    for (const anchor of certificatesOf(path, await readFile(path, 'utf8'))) anchors.set(anchor.fingerprint, anchor);
  }
  return [...anchors.values()];
}

function certificatesOf(path: string, text: string): Certificate[] {
  let found: Certificate[];
  try {
    found = parsePem(text);
  } catch (cause) {
    throw invalid(path, 'không đọc được chứng thư', 'a certificate in it cannot be read', cause);
  }
  if (found.length === 0) throw invalid(path, 'không có chứng thư PEM nào', 'it holds no PEM certificate');
  const leaf = found.find((anchor) => anchor.basicConstraints?.ca !== true && anchor.version >= 3);
  if (leaf !== undefined) {
    throw invalid(
      path,
      `“${leaf.subject.text}” không phải là chứng thư của tổ chức chứng thực`,
      `"${leaf.subject.text}" is not the certificate of an authority`,
    );
  }
  return found;
}

async function filesOf(dir: string): Promise<string[] | undefined> {
  try {
    return await readdir(dir);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw invalid(dir, 'không đọc được thư mục', 'the directory cannot be read', thrown);
  }
}

function invalid(path: string, vi: string, en: string, cause?: unknown): AppError {
  return new AppError('TRUST_DIR_INVALID', { detail: { vi: `${path}: ${vi}.`, en: `${path}: ${en}.` }, cause });
}
