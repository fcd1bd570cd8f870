/** What a lock must withstand. */
import { versionsOf } from '../s3/versions.ts';
import {
  deleting,
  deletingByForce,
  deletingInBatch,
  deletingWithBypass,
  retaining,
  targetWithstands,
  withstands,
} from './attacks.ts';
import { harmSeen, lockedUntil, md5, putRequest } from './bench.ts';
import type { Check } from './check.ts';
import { failed, ok } from './report.ts';

const SECOND_MS = 1000;
const earlier = (date: Date, milliseconds: number) => new Date(date.getTime() - milliseconds);
const halfway = (until: Date, now: Date) =>
  new Date(Math.floor((until.getTime() + now.getTime()) / 2 / SECOND_MS) * SECOND_MS);
const compliance = (until: Date) => ({ mode: 'COMPLIANCE' as const, until });
const governance = (until: Date) => ({ mode: 'GOVERNANCE' as const, until });
const dateOf = (canary: { until: Date | undefined }) => canary.until ?? new Date(0);

export const LOCK_CHECKS: readonly Check[] = [
  {
    id: 'lock-read-back',
    title: {
      vi: 'Khóa ghi cùng đối tượng đọc lại đúng chế độ và đúng hạn',
      en: 'A lock written with the object reads back with the same mode and date',
    },
    severity: 'required',
    run: async (bench) => {
      const target = await bench.target();
      if (target.versionId === '') return failed('the PUT gave no version id');
      const harm = harmSeen(target, await bench.look(target));
      const { bucket, key, versionId } = target;
      const { answer, said } = await bench.attempt({ method: 'GET', bucket, key, query: { retention: '', versionId } });
      const xml = Buffer.from(answer.body).toString('utf8');
      const date = Date.parse(/<RetainUntilDate>([^<]+)</.exec(xml)?.[1] ?? '');
      const agrees = xml.includes('<Mode>COMPLIANCE<') && date === dateOf(target).getTime();
      if (harm !== undefined) {
        bench.spoilTarget();
        return failed(harm);
      }
      return agrees ? ok(`COMPLIANCE until ${dateOf(target).toISOString()}`) : failed(`retention → ${said}: differs`);
    },
  },
  {
    id: 'delete-locked',
    title: { vi: 'Không xóa được phiên bản đang khóa', en: 'A locked version cannot be deleted' },
    severity: 'required',
    run: (bench) => targetWithstands(bench, (target) => [deleting(target)]),
  },
  {
    id: 'delete-with-bypass',
    title: {
      vi: 'Không xóa được kể cả khi yêu cầu bỏ qua khóa',
      en: 'It cannot be deleted with a header that bypasses locks either',
    },
    severity: 'required',
    run: (bench) => targetWithstands(bench, (target) => [deletingWithBypass(target), deletingByForce(target)]),
  },
  {
    id: 'delete-in-batch',
    title: { vi: 'Không xóa được bằng lệnh xóa hàng loạt', en: 'It cannot be deleted in a batch' },
    severity: 'required',
    run: (bench) =>
      targetWithstands(bench, (target) => [deletingInBatch(target, false), deletingInBatch(target, true)]),
  },
  {
    id: 'shorten',
    title: { vi: 'Không rút ngắn được hạn khóa', en: 'The date cannot be brought forward' },
    severity: 'required',
    run: (bench) =>
      targetWithstands(bench, (target) => {
        const half = compliance(halfway(dateOf(target), bench.now()));
        return [
          retaining(target, half, false),
          retaining(target, half, true),
          retaining(target, compliance(bench.inSeconds(-60)), true),
        ];
      }),
  },
  {
    id: 'shorten-by-a-second',
    title: { vi: 'Không rút ngắn được dù chỉ một giây', en: 'Not even by one second' },
    severity: 'required',
    run: (bench) =>
      targetWithstands(bench, (target) => {
        const second = compliance(earlier(dateOf(target), SECOND_MS));
        return [retaining(target, second, false), retaining(target, second, true)];
      }),
  },
  {
    id: 'downgrade',
    title: {
      vi: 'Không hạ được chế độ khóa xuống GOVERNANCE để rồi xóa',
      en: 'The mode cannot be lowered to GOVERNANCE, and then deleted',
    },
    severity: 'required',
    run: (bench) =>
      targetWithstands(bench, (target) => [
        retaining(target, governance(dateOf(target)), false),
        retaining(target, governance(new Date(dateOf(target).getTime() + 3600 * SECOND_MS)), true),
        deletingWithBypass(target),
      ]),
  },
  {
    id: 'empty-retention',
    title: { vi: 'Không gỡ được khóa bằng hạn rỗng', en: 'An empty retention does not remove the lock' },
    severity: 'required',
    run: (bench) =>
      targetWithstands(bench, (target) => [retaining(target, undefined, false), retaining(target, undefined, true)]),
  },
  {
    id: 'overwrite',
    title: {
      vi: 'Ghi đè cùng tên tạo phiên bản mới, phiên bản cũ nguyên vẹn',
      en: 'Writing under the same key makes a new version; the old one stays as it is',
    },
    severity: 'required',
    run: async (bench) => {
      const target = await bench.target();
      const over = await bench.put('over', { key: target.key });
      const harm = await bench.harm(target);
      if (harm !== undefined) {
        bench.spoilTarget();
        return failed(`PUT under the same key; afterwards ${harm}`);
      }
      if (over.versionId === '' || over.versionId === target.versionId) return failed('the new version has no id');
      return ok('a new version; the old one is unchanged');
    },
  },
  {
    id: 'delete-marker',
    title: {
      vi: 'Lệnh xóa không nêu phiên bản chỉ đặt dấu xóa, gỡ được dấu đó',
      en: 'A DELETE without version only sets a marker, and the marker can be removed',
    },
    severity: 'required',
    run: async (bench) => {
      const canary = await bench.put('marker');
      const { bucket, key } = canary;
      const { said } = await bench.attempt({ method: 'DELETE', bucket, key });
      const harm = await bench.harm(canary);
      if (harm !== undefined) {
        bench.forget(canary);
        return failed(`DELETE without version → ${said}; afterwards ${harm}`);
      }
      const marker = (await versionsOf(bench.client, bucket, key)).find((version) => version.isDeleteMarker);
      if (marker === undefined) return ok(`DELETE without version → ${said}; no marker, unchanged`);
      await bench.attempt(deleting({ bucket, key, versionId: marker.versionId }).request);
      const plain = await bench.attempt({ method: 'GET', bucket, key });
      const visible = Buffer.from(canary.bytes).equals(plain.answer.body);
      const seen = `DELETE without version → ${said}; the version is unchanged; marker removed, GET → ${plain.said}`;
      return visible && (await bench.harm(canary)) === undefined ? ok(seen) : failed(seen);
    },
  },
  {
    id: 'extend',
    title: {
      vi: 'Kéo dài được hạn khóa, và hạn mới cũng không rút ngắn được',
      en: 'The date can be moved later, and the later date holds too',
    },
    severity: 'required',
    run: async (bench) => {
      const canary = await bench.put('extend');
      const until = new Date(dateOf(canary).getTime() + 60 * SECOND_MS);
      const { said } = await bench.attempt(retaining(canary, compliance(until), false).request);
      const extended = { ...canary, until };
      bench.forget(canary);
      bench.remember(extended);
      const harm = await bench.harm(extended);
      if (harm !== undefined) return failed(`extend → ${said}; afterwards ${harm}`);
      const back = compliance(dateOf(canary));
      const attacks = [retaining(canary, back, false), retaining(canary, back, true)];
      return withstands(bench, extended, attacks);
    },
  },
  {
    id: 'past-date',
    title: { vi: 'Hạn khóa trong quá khứ bị từ chối', en: 'A date in the past is refused' },
    severity: 'required',
    run: async (bench) => {
      const { bucket } = bench;
      const key = bench.newKey('past');
      const past = lockedUntil(bench.inSeconds(-60));
      const { said } = await bench.attempt(putRequest(bucket, key, Buffer.from('past'), past));
      const stored = (await versionsOf(bench.client, bucket, key)).length;
      return stored === 0 ? ok(`PUT → ${said}; nothing stored`) : failed(`PUT → ${said}; stored`);
    },
  },
  {
    id: 'wrong-md5',
    title: {
      vi: 'Nội dung sai so với Content-MD5 bị từ chối',
      en: 'Bytes that do not fit their Content-MD5 are refused',
    },
    severity: 'required',
    run: async (bench) => {
      const { bucket } = bench;
      const key = bench.newKey('md5');
      const wrong = { ...lockedUntil(bench.inSeconds(60)), 'content-md5': md5('other bytes') };
      const { said } = await bench.attempt(putRequest(bucket, key, Buffer.from('these bytes'), wrong));
      const stored = (await versionsOf(bench.client, bucket, key)).length;
      return stored === 0 ? ok(`PUT → ${said}; nothing stored`) : failed(`PUT → ${said}; stored`);
    },
  },
];
