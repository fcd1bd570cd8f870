/** The demo authority, made before the installation that trusts it, and served by a process that can be killed. */
import { join } from 'node:path';
import { createAuthority, issueDemoCast, saveAuthority } from '../../src/platform/trust/authority/index.ts';
import { systemClock } from '../../src/shared/index.ts';
import { freePorts } from '../services/index.ts';
import { type Service, supervise } from '../services/service.ts';

export interface AuthorityService extends Service {
  readonly port: number;
}

/** `publicPort`: what its certificates and clients are told. */
export async function makeAuthority(dir: string, publicPort: number): Promise<{ timestampUrl: string }> {
  const authority = await createAuthority({ clock: systemClock, baseUrl: `http://127.0.0.1:${publicPort}` });
  await issueDemoCast(authority);
  await saveAuthority(authority, dir);
  return { timestampUrl: authority.timestampUrl };
}

/** Serves the authority in `dir`. `runDir` takes its log. */
export async function startAuthority(dir: string, runDir: string, port: number): Promise<AuthorityService> {
  const service = await supervise({
    name: 'tsa',
    version: 'demo authority',
    dir: runDir,
    begin: async (run) => {
      run({
        command: process.execPath,
        args: [join(import.meta.dirname, 'authority-process.ts'), dir, String(port)],
        cwd: runDir,
        log: join(runDir, 'tsa.log'),
      });
    },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/crl/issuing.crl`)).ok,
  });
  return { ...service, port };
}

export const authorityPort = async (): Promise<number> => (await freePorts(1))[0];
