/**
 * The demo authority (time-stamps, OCSP, CRL) as a process of its own: `node authority-process.ts DIR PORT`. Its certificates may
 * name another port, that of a proxy in between.
 */
import { loadAuthority, serveAuthority } from '../../src/platform/trust/authority/index.ts';
import { systemClock } from '../../src/shared/index.ts';

const [dir = '', port = ''] = process.argv.slice(2);
const authority = await loadAuthority(dir, { clock: systemClock });
await serveAuthority(authority, { port: Number(port) });
