/** `antin dev-pki DIR`: a throw-away authority with people, for trying things out. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type Authority,
  createAuthority,
  issueDemoCast,
  loadAuthority,
  saveAuthority,
  serveAuthority,
} from '../platform/trust/authority/index.ts';
import { AppError, systemClock } from '../shared/index.ts';

interface DevPkiOptions {
  readonly port: string;
  readonly serve: boolean;
  readonly json: boolean;
}

export function addDevPki(program: Command): void {
  program
    .command('dev-pki')
    .description('Tạo tổ chức chứng thực dùng thử · Make a throw-away authority (CA, OCSP, CRL, TSA, people, seal)')
    .argument('<dir>', 'folder to write; an authority that is there already is used')
    .option('--port <number>', 'port of its services on 127.0.0.1, written into its certificates', '9480')
    .option('--serve', 'serve time-stamps, OCSP, CRL and issuers until stopped', false)
    .option('--json', 'one JSON line', false)
    .action(devPki);
}

async function devPki(dir: string, options: DevPkiOptions): Promise<void> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new AppError('USAGE', { detail: { vi: '--port là số 1–65535', en: '--port is a number 1–65535' } });
  }
  const authority = (await known(dir)) ?? (await make(dir, port));
  const people = authority.identities().map(({ slug, certificate }) => ({ slug, subject: certificate.subject.text }));
  const services = { timestamps: authority.timestampUrl, serving: options.serve };
  if (options.serve) await serveAuthority(authority, { port: Number(new URL(authority.baseUrl).port) });
  if (options.json) console.log(JSON.stringify({ dir, trust: join(dir, 'trust'), people, ...services }));
  else {
    console.log(`Trong ${dir} (dùng thử, không có giá trị pháp lý · throw-away, no legal value):`);
    for (const { slug, subject } of people) console.log(`  people/${slug}.p12, .pin: ${subject}`);
    console.log(`Tin cậy (trust): --trust ${join(dir, 'trust')}`);
    console.log(`Dấu thời gian (time-stamps): --tsa ${authority.timestampUrl}${options.serve ? '' : ' (--serve)'}`);
  }
}

async function make(dir: string, port: number): Promise<Authority> {
  const authority = await createAuthority({ clock: systemClock, baseUrl: `http://127.0.0.1:${port}` });
  await issueDemoCast(authority);
  await saveAuthority(authority, dir);
  return authority;
}

async function known(dir: string): Promise<Authority | undefined> {
  try {
    await access(join(dir, 'authority.json'));
  } catch {
    return undefined;
  }
  return loadAuthority(dir, { clock: systemClock });
}
