/** What the bucket itself must be, and must stay. */
import { elementsOf, textOf, xmlHeaders } from '../s3/xml.ts';
import { deleting, deletingWithBypass, withstands } from './attacks.ts';
import { type Bench, harmSeen } from './bench.ts';
import type { Check } from './check.ts';
import { failed, note, ok } from './report.ts';

const MOST_SKEW_MS = 60_000;

async function read(bench: Bench, resource: string): Promise<{ status: number; said: string; xml: string }> {
  const { answer, said } = await bench.attempt({ method: 'GET', bucket: bench.bucket, query: { [resource]: '' } });
  return { status: answer.status, said, xml: Buffer.from(answer.body).toString('utf8') };
}

async function write(bench: Bench, resource: string, body: string): Promise<string> {
  const query = { [resource]: '' };
  const request = { method: 'PUT', bucket: bench.bucket, query, headers: xmlHeaders(body), body } as const;
  return (await bench.attempt(request)).said;
}

const versioning = (status: string) => `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
const DAY_MS = 86_400_000;

/** Of the bucket, in milliseconds at least. */
function defaultPeriod(xml: string): { mode: string; leastMs: number; text: string } | undefined {
  const mode = textOf(xml, 'Mode');
  const [days, years] = [Number(textOf(xml, 'Days') ?? 0), Number(textOf(xml, 'Years') ?? 0)];
  if (mode === undefined || days + years === 0) return undefined;
  return { mode, leastMs: (days + years * 365) * DAY_MS, text: days > 0 ? `${days} days` : `${years} years` };
}

export const BUCKET_CHECKS: readonly Check[] = [
  {
    id: 'bucket-locks',
    title: {
      vi: 'Vùng chứa bật Object Lock và giữ phiên bản',
      en: 'The bucket has Object Lock and versioning switched on',
    },
    severity: 'required',
    run: async (bench) => {
      const [lock, versions] = await Promise.all([read(bench, 'object-lock'), read(bench, 'versioning')]);
      const seen = `lock ${textOf(lock.xml, 'ObjectLockEnabled') ?? lock.said}, versioning ${textOf(versions.xml, 'Status') ?? 'off'}`;
      return seen === 'lock Enabled, versioning Enabled' ? ok(seen) : failed(seen);
    },
  },
  {
    id: 'versioning-stays',
    title: { vi: 'Không tắt được việc giữ phiên bản', en: 'Versioning cannot be suspended' },
    severity: 'required',
    run: async (bench) => {
      const said = await write(bench, 'versioning', versioning('Suspended'));
      const status = textOf((await read(bench, 'versioning')).xml, 'Status') ?? 'off';
      if (status === 'Enabled') return ok(`suspend → ${said}; still Enabled`);
      const again = await write(bench, 'versioning', versioning('Enabled'));
      return failed(`suspend → ${said}; afterwards ${status} (switched on again → ${again})`);
    },
  },
  {
    id: 'lock-stays',
    title: { vi: 'Không tắt được Object Lock của vùng chứa', en: "The bucket's Object Lock cannot be switched off" },
    severity: 'required',
    run: async (bench) => {
      const before = await read(bench, 'object-lock');
      const off = '<ObjectLockConfiguration><ObjectLockEnabled>Disabled</ObjectLockEnabled></ObjectLockConfiguration>';
      const said = await write(bench, 'object-lock', off);
      const after = await read(bench, 'object-lock');
      const state = textOf(after.xml, 'ObjectLockEnabled') ?? after.said;
      // Some engines take it for "no default any more": the rule that was there is put back.
      const repaired = before.status === 200 && after.xml !== before.xml;
      if (repaired) await write(bench, 'object-lock', before.xml);
      const seen = `switch off → ${said}; lock ${state}${repaired ? ' (configuration put back)' : ''}`;
      return state === 'Enabled' ? ok(seen) : failed(seen);
    },
  },
  {
    id: 'default-stamped',
    title: {
      vi: 'Đối tượng không nêu hạn được khóa theo hạn mặc định của vùng chứa, tính từ lúc ghi',
      en: "An object without a date gets the bucket's default lock, counted from its writing",
    },
    severity: 'required',
    run: async (bench) => {
      const rule = defaultPeriod((await read(bench, 'object-lock')).xml);
      if (rule === undefined) return failed('the bucket has no default retention: run `antin doctor --fix`');
      if (rule.mode !== 'COMPLIANCE') return failed(`the default is ${rule.mode}, not COMPLIANCE`);
      const canary = await bench.put('default', { lockSeconds: 0 });
      const sight = await bench.look(canary);
      const until = sight?.until;
      if (sight?.mode !== 'COMPLIANCE' || until === undefined) {
        return failed(`default ${rule.text}, but the object is ${harmSeen(canary, sight) ?? 'not locked'}`);
      }
      const short = bench.now().getTime() + rule.leastMs - until.getTime();
      if (short > 5 * 60_000) return failed(`default ${rule.text}, but locked until ${until.toISOString()} only`);
      const stamped = { ...canary, until };
      bench.remember(stamped);
      const outcome = await withstands(bench, stamped, [deleting(stamped), deletingWithBypass(stamped)]);
      return { ...outcome, seen: `default ${rule.text}, locked until ${until.toISOString()}; ${outcome.seen}` };
    },
  },
  {
    id: 'not-public',
    title: {
      vi: 'Không có khóa truy cập thì không đọc, không liệt kê được gì',
      en: 'Without keys nothing can be read or listed',
    },
    severity: 'required',
    run: async (bench) => {
      const { bucket, key, versionId, bytes } = await bench.target();
      // What is not signed carries no digest for a signature.
      const unsigned = { method: 'GET', bucket, bodySha256: '' } as const;
      const got = await bench.stranger.request({ ...unsigned, key, query: { versionId } });
      const listed = await bench.stranger.request({ ...unsigned, query: { versions: '' } });
      const seen = `GET → ${got.status}, list → ${listed.status}`;
      const isClosed = !Buffer.from(got.body).equals(Buffer.from(bytes)) && listed.status !== 200;
      return isClosed ? ok(seen) : failed(seen);
    },
  },
  {
    id: 'no-expiring-rules',
    title: {
      vi: 'Vùng chứa không có quy tắc tự xóa hay ẩn đối tượng',
      en: 'The bucket has no rule that deletes or hides objects by itself',
    },
    severity: 'required',
    run: async (bench) => {
      const { status, said, xml } = await read(bench, 'lifecycle');
      if (status === 403) return note(`these keys may not read the rules (${said})`);
      if (status !== 200) return ok(`no rules (${said})`);
      const active = [...elementsOf(xml, 'Rule')].filter(({ inner }) => textOf(inner, 'Status') === 'Enabled');
      const expiring = active.filter(({ inner }) => /<(?:Noncurrent(?:Version)?)?Expiration\b/.test(inner));
      const names = expiring.map(({ inner }) => textOf(inner, 'ID') ?? 'without name').join(', ');
      return expiring.length === 0 ? ok(`${active.length} rules, none expires objects`) : failed(`expiring: ${names}`);
    },
  },
  {
    id: 'clock',
    title: { vi: 'Đồng hồ của kho đúng trong vòng một phút', en: "The store's clock is right within a minute" },
    severity: 'required',
    run: async (bench) => {
      const seen =
        Math.abs(bench.skewMs) < 1000 ? 'within a second of ours' : `${Math.round(bench.skewMs / 1000)} s against ours`;
      return Math.abs(bench.skewMs) <= MOST_SKEW_MS ? ok(seen) : failed(seen);
    },
  },
];
