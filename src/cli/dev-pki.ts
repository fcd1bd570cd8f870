/** `antin dev-pki DIR`: a throw-away authority with people, for trying things out. Legal mode refuses its anchors. */
import type { Command } from 'commander';
import { createAuthority, issueDemoCast, saveAuthority } from '../platform/trust/authority/index.ts';
import { systemClock } from '../shared/index.ts';

export function addDevPki(program: Command): void {
  program
    .command('dev-pki')
    .description('Tạo tổ chức chứng thực dùng thử · Make a throw-away authority (CA, OCSP, CRL, TSA, people, seal)')
    .argument('<dir>', 'folder to write')
    .option('--base-url <url>', 'where its services will be reached', 'http://127.0.0.1:9480')
    .option('--json', 'one JSON line', false)
    .action(async (dir: string, options: { baseUrl: string; json: boolean }) => {
      const authority = await createAuthority({ clock: systemClock, baseUrl: options.baseUrl });
      await issueDemoCast(authority);
      await saveAuthority(authority, dir);
      const people = authority
        .identities()
        .map(({ slug, certificate }) => ({ slug, subject: certificate.subject.text }));
      if (options.json) console.log(JSON.stringify({ dir, trust: `${dir}/trust`, people }));
      else {
        console.log(`Đã tạo trong ${dir} (dùng thử, không có giá trị pháp lý):`);
        for (const { slug, subject } of people) console.log(`  people/${slug}.p12, .pin: ${subject}`);
        console.log(`Tin cậy: --trust ${dir}/trust`);
      }
    });
}
