/** What we can live without, because we do not use it: an archive object is one PUT under a key that is never used twice. */
import { versionsOf } from '../s3/versions.ts';
import { textOf } from '../s3/xml.ts';
import { deletingWithBypass } from './attacks.ts';
import { type Canary, harmSeen, lockedUntil, md5, putRequest } from './bench.ts';
import type { Check } from './check.ts';
import { failed, note, ok } from './report.ts';

export const CAPABILITY_CHECKS: readonly Check[] = [
  {
    id: 'multipart-locks',
    title: {
      vi: 'Tải lên nhiều phần cũng khóa đối tượng',
      en: 'A multipart upload locks its object as well',
    },
    severity: 'capability',
    run: async (bench) => {
      const { bucket } = bench;
      const key = bench.newKey('multipart');
      const until = bench.inSeconds(300);
      const bytes = Buffer.from('WORM probe canary (multipart), not a record.\n');
      const begin = { method: 'POST', bucket, key, query: { uploads: '' }, headers: lockedUntil(until) } as const;
      const begun = await bench.attempt(begin);
      const uploadId = textOf(Buffer.from(begun.answer.body).toString('utf8'), 'UploadId');
      if (uploadId === undefined) return failed(`begin → ${begun.said}`);
      const query = { partNumber: '1', uploadId };
      const part = await bench.attempt({
        method: 'PUT',
        bucket,
        key,
        query,
        headers: { 'content-md5': md5(bytes) },
        body: bytes,
      });
      const etag = String(part.answer.headers.etag ?? '');
      const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
      const done = await bench.attempt({ method: 'POST', bucket, key, query: { uploadId }, body });
      const versionId = (await versionsOf(bench.client, bucket, key))[0]?.versionId;
      if (versionId === undefined) return failed(`complete → ${done.said}; nothing stored`);
      const canary: Canary = { bucket, key, versionId, bytes, until, hold: false };
      const unlocked = harmSeen(canary, await bench.look(canary));
      const { said } = await bench.attempt(deletingWithBypass(canary).request);
      const harm = harmSeen(canary, await bench.look(canary));
      if (unlocked !== undefined || harm !== undefined) {
        return failed(`${unlocked ?? 'locked at first'}; DELETE+bypass → ${said}: ${harm ?? 'unchanged'}`);
      }
      bench.remember(canary);
      return ok(`locked until ${until.toISOString()}; DELETE+bypass → ${said}; unchanged`);
    },
  },
  {
    id: 'if-none-match',
    title: {
      vi: 'Lệnh ghi “chỉ khi chưa có” bị từ chối khi đã có',
      en: 'A PUT with If-None-Match: * is refused where there is something',
    },
    severity: 'capability',
    run: async (bench) => {
      const { bucket, key } = await bench.target();
      const before = (await versionsOf(bench.client, bucket, key)).length;
      const headers = { ...lockedUntil(bench.inSeconds(60)), 'if-none-match': '*' };
      const { said } = await bench.attempt(putRequest(bucket, key, Buffer.from('WORM probe canary\n'), headers));
      const after = (await versionsOf(bench.client, bucket, key)).length;
      return after === before ? ok(`PUT → ${said}`) : failed(`PUT → ${said}: the condition is ignored, a new version`);
    },
  },
  {
    id: 'checksum-sha256',
    title: {
      vi: 'Nội dung sai so với x-amz-checksum-sha256 bị từ chối',
      en: 'Bytes that do not fit x-amz-checksum-sha256 are refused',
    },
    severity: 'capability',
    run: async (bench) => {
      const { bucket } = bench;
      const key = bench.newKey('checksum');
      const wrong = { 'x-amz-checksum-sha256': Buffer.alloc(32, 7).toString('base64') };
      const headers = { ...lockedUntil(bench.inSeconds(60)), ...wrong };
      const { said } = await bench.attempt(putRequest(bucket, key, Buffer.from('these bytes'), headers));
      const stored = (await versionsOf(bench.client, bucket, key)).length;
      return stored === 0 ? ok(`PUT → ${said}; nothing stored`) : failed(`PUT → ${said}: stored unchecked`);
    },
  },
  {
    id: 'signed-payload',
    title: {
      vi: 'Nội dung sai so với SHA-256 trong chữ ký yêu cầu bị từ chối',
      en: 'Bytes that do not fit the SHA-256 in the signature of the request are refused',
    },
    severity: 'capability',
    run: async (bench) => {
      if (bench.tls) return note('over TLS the body is not part of the signature');
      const { bucket } = bench;
      const key = bench.newKey('signed');
      const request = putRequest(bucket, key, Buffer.from('these bytes'), lockedUntil(bench.inSeconds(60)));
      const { said } = await bench.attempt({ ...request, bodySha256: '7'.repeat(64) });
      const stored = (await versionsOf(bench.client, bucket, key)).length;
      return stored === 0 ? ok(`PUT → ${said}; nothing stored`) : failed(`PUT → ${said}: stored unchecked`);
    },
  },
  {
    id: 'copy-locks',
    title: {
      vi: 'Bản sao trong kho mang đúng hạn khóa được yêu cầu',
      en: 'A copy within the store gets the lock that was asked for',
    },
    severity: 'capability',
    run: async (bench) => {
      const source = await bench.target();
      const { bucket } = bench;
      const key = bench.newKey('copy');
      const until = bench.inSeconds(400);
      const path = source.key.split('/').map(encodeURIComponent).join('/');
      const from = { 'x-amz-copy-source': `/${bucket}/${path}?versionId=${encodeURIComponent(source.versionId)}` };
      const request = { method: 'PUT', bucket, key, headers: { ...from, ...lockedUntil(until) } } as const;
      const { said } = await bench.attempt(request);
      const versionId = (await versionsOf(bench.client, bucket, key))[0]?.versionId;
      if (versionId === undefined) return failed(`copy → ${said}; nothing stored`);
      const copy: Canary = { bucket, key, versionId, bytes: source.bytes, until, hold: false };
      const harm = harmSeen(copy, await bench.look(copy));
      if (harm !== undefined) return failed(`copy → ${said}; ${harm}`);
      bench.remember(copy);
      return ok(`copy → ${said}; locked until ${until.toISOString()}`);
    },
  },
  {
    id: 'unlocked-bucket',
    title: {
      vi: 'Yêu cầu khóa trong vùng chứa không có Object Lock bị từ chối',
      en: 'A locked PUT into a bucket without Object Lock is refused',
    },
    severity: 'capability',
    run: async (bench) => {
      const bucket = bench.workBucket;
      const key = bench.newKey('unlocked');
      const request = putRequest(bucket, key, Buffer.from('canary\n'), lockedUntil(bench.inSeconds(60)));
      const { said } = await bench.attempt(request);
      const stored = await versionsOf(bench.client, bucket, key).catch(() => []);
      if (stored.length === 0) return ok(`PUT → ${said}; nothing stored`);
      for (const version of stored) {
        const sight = await bench.look({ bucket, ...version });
        if (sight?.until !== undefined) return note(`PUT → ${said}: locked after all`);
        await bench.attempt({ method: 'DELETE', bucket, key, query: { versionId: version.versionId } });
      }
      return failed(`PUT → ${said}: stored without the lock that was asked for`);
    },
  },
];
