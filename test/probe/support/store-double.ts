/**
 * An S3 store in memory with Object Lock as the standard has it, which can be told to lie. It checks no signatures. With a clock
 * of its own, it keeps its locks by that.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Lie =
  | 'deletes what is locked'
  | 'says no and deletes'
  | 'lets the date be shortened after 2 s'
  | 'lets the date be shortened by a second'
  | 'lets go a day later'
  | 'forgets the bucket default'
  | 'forgets the lock'
  | 'obeys the bypass header'
  | 'deletes in a batch'
  | 'lowers the mode'
  | 'takes an empty retention'
  | 'keeps a hold only as long as the date'
  | 'never lets go'
  | 'overwrites'
  | 'deletes for good without a version'
  | 'takes dates of the past'
  | 'looks at no checksum'
  | 'stops versioning when asked'
  | 'stops locking when asked'
  | 'does not extend'
  | 'shows everything to everybody'
  | 'hides objects after a day'
  | 'is two hours ahead'
  | 'locks no multipart upload'
  | 'ignores conditions';

interface Version {
  readonly key: string;
  readonly id: string;
  bytes: Buffer;
  readonly marker: boolean;
  readonly at: Date;
  mode: string | undefined;
  until: Date | undefined;
  hold: boolean;
}

interface Bucket {
  locks: boolean;
  versioning: 'Enabled' | 'Suspended';
  defaultDays: number;
  readonly versions: Version[];
}

export interface StoreDouble {
  readonly endpoint: string;
  /** Requests answered so far. */
  readonly count: () => number;
  /** Told while it runs. */
  lie(...lies: Lie[]): void;
  /** All versions, markers too. */
  versions(bucket: string): readonly Version[];
  close(): void;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

const refuse = (status: number, code: string): never => {
  throw new Refusal(status, code);
};
const DAY_MS = 86_400_000;
const tag = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

/** With buckets `archive` (locking, default seven days) and `work`. */
export async function openStoreDouble(options: { lies?: readonly Lie[]; now?: () => Date } = {}): Promise<StoreDouble> {
  const lies = new Set<Lie>(options.lies);
  const lying = (lie: Lie) => lies.has(lie);
  const now = () =>
    new Date((options.now ?? (() => new Date()))().getTime() + (lying('is two hours ahead') ? 7_200_000 : 0));
  const buckets = new Map<string, Bucket>([
    ['archive', { locks: true, versioning: 'Enabled', defaultDays: 7, versions: [] }],
    ['work', { locks: false, versioning: 'Enabled', defaultDays: 0, versions: [] }],
  ]);
  const uploads = new Map<string, { headers: IncomingHttpHeaders; bytes: Buffer }>();
  let serial = 0;
  const newId = () => {
    serial += 1;
    return `v${String(serial).padStart(6, '0')}`;
  };

  const isLocked = (version: Version, bypass: boolean): boolean => {
    if (version.hold && !(lying('keeps a hold only as long as the date') && (version.until ?? now()) <= now()))
      return true;
    if (lying('never lets go')) return version.until !== undefined;
    if (version.until === undefined || version.until <= now()) return false;
    if (lying('lets go a day later') && now().getTime() - version.at.getTime() > DAY_MS) return false;
    return version.mode === 'COMPLIANCE' ? !(bypass && lying('obeys the bypass header')) : !bypass;
  };

  const remove = (bucket: Bucket, version: Version, bypass: boolean): void => {
    const drop = () => bucket.versions.splice(bucket.versions.indexOf(version), 1);
    if (!isLocked(version, bypass) || lying('deletes what is locked')) return void drop();
    if (lying('says no and deletes')) drop();
    refuse(403, 'AccessDenied');
  };

  const find = (bucket: Bucket, key: string, id: string | null): Version => {
    const found = bucket.versions.findLast((version) => version.key === key && (id === null || version.id === id));
    return found === undefined || found.marker ? refuse(404, 'NoSuchKey') : found;
  };

  const lockAsked = (bucket: Bucket, headers: IncomingHttpHeaders) => {
    const mode = headers['x-amz-object-lock-mode'];
    const date = headers['x-amz-object-lock-retain-until-date'];
    const hold = headers['x-amz-object-lock-legal-hold'] === 'ON';
    if ((mode !== undefined || hold) && !bucket.locks) refuse(400, 'InvalidRequest');
    if (mode !== undefined) {
      const until = new Date(String(date));
      if (until <= now() && !lying('takes dates of the past')) refuse(400, 'InvalidArgument');
      return lying('forgets the lock')
        ? { mode: undefined, until: undefined, hold }
        : { mode: String(mode), until, hold };
    }
    const stamped = bucket.locks && bucket.defaultDays > 0 && !lying('forgets the bucket default');
    const until = stamped ? new Date(now().getTime() + bucket.defaultDays * DAY_MS) : undefined;
    return { mode: stamped ? 'COMPLIANCE' : undefined, until, hold };
  };

  const store = (bucket: Bucket, key: string, bytes: Buffer, headers: IncomingHttpHeaders, marker = false): Version => {
    const taken = bucket.versions.findLast((version) => version.key === key);
    if (headers['if-none-match'] === '*' && taken?.marker === false && !lying('ignores conditions')) {
      refuse(412, 'PreconditionFailed');
    }
    const lock = marker ? { mode: undefined, until: undefined, hold: false } : lockAsked(bucket, headers);
    const version = { key, id: newId(), bytes, marker, at: now(), ...lock };
    if (lying('overwrites') && taken !== undefined) bucket.versions.splice(bucket.versions.indexOf(taken), 1);
    bucket.versions.push(version);
    return version;
  };

  const checkBytes = (bytes: Buffer, headers: IncomingHttpHeaders): void => {
    if (lying('looks at no checksum')) return;
    const digest = (name: string, encoding: 'base64' | 'hex') => createHash(name).update(bytes).digest(encoding);
    const { 'content-md5': md5, 'x-amz-checksum-sha256': sha256, 'x-amz-content-sha256': signed } = headers;
    if (md5 !== undefined && md5 !== digest('md5', 'base64')) refuse(400, 'BadDigest');
    if (sha256 !== undefined && sha256 !== digest('sha256', 'base64')) refuse(400, 'BadDigest');
    if (/^[0-9a-f]{64}$/.test(String(signed)) && signed !== digest('sha256', 'hex')) refuse(400, 'BadDigest');
  };

  const retain = (version: Version, xml: string, bypass: boolean): void => {
    const mode = tag(xml, 'Mode');
    const date = tag(xml, 'RetainUntilDate');
    if (mode === undefined || date === undefined) {
      if (lying('takes an empty retention')) version.until = undefined;
      else refuse(400, 'MalformedXML');
      return;
    }
    const until = new Date(date);
    if (until <= now()) refuse(400, 'InvalidArgument');
    if (version.until !== undefined && version.until > now() && version.mode === 'COMPLIANCE') {
      const earlierBy = version.until.getTime() - until.getTime();
      const age = now().getTime() - version.at.getTime();
      const lets =
        (lying('lets the date be shortened after 2 s') && age > 2_000) ||
        (lying('lets the date be shortened by a second') && earlierBy <= 1_000) ||
        (lying('obeys the bypass header') && bypass);
      if (earlierBy > 0 && !lets) refuse(403, 'AccessDenied');
      if (mode !== 'COMPLIANCE' && !lying('lowers the mode')) refuse(403, 'AccessDenied');
    }
    if (lying('does not extend') && until > (version.until ?? until)) return;
    version.mode = mode;
    version.until = until;
  };

  const batch = (bucket: Bucket, xml: string, bypass: boolean): string => {
    const lines: string[] = [];
    for (const [, inner = ''] of xml.matchAll(/<Object>(.*?)<\/Object>/gs)) {
      const key = tag(inner, 'Key') ?? '';
      try {
        const version = find(bucket, key, tag(inner, 'VersionId') ?? null);
        if (lying('deletes in a batch')) bucket.versions.splice(bucket.versions.indexOf(version), 1);
        else remove(bucket, version, bypass);
        lines.push(`<Deleted><Key>${key}</Key></Deleted>`);
      } catch (thrown) {
        const code = thrown instanceof Refusal ? thrown.code : 'InternalError';
        lines.push(`<Error><Key>${key}</Key><Code>${code}</Code></Error>`);
      }
    }
    return `<DeleteResult>${lines.join('')}</DeleteResult>`;
  };

  const list = (bucket: Bucket, prefix: string): string => {
    const found = bucket.versions.filter((version) => version.key.startsWith(prefix)).toReversed();
    const sorted = found.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const entries = sorted.map(({ key, id, bytes, marker, at }) => {
      const name = marker ? 'DeleteMarker' : 'Version';
      return `<${name}><Key>${key}</Key><VersionId>${id}</VersionId><LastModified>${at.toISOString()}</LastModified><Size>${bytes.length}</Size></${name}>`;
    });
    return `<ListVersionsResult><IsTruncated>false</IsTruncated>${entries.join('')}</ListVersionsResult>`;
  };

  const lockConfiguration = ({ locks, defaultDays }: Bucket): string => {
    if (!locks) refuse(404, 'ObjectLockConfigurationNotFoundError');
    const rule = `<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>${defaultDays}</Days></DefaultRetention></Rule>`;
    return `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
  };

  const rules = (): string =>
    lying('hides objects after a day')
      ? '<LifecycleConfiguration><Rule><ID>tidy</ID><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>'
      : refuse(404, 'NoSuchLifecycleConfiguration');

  const onBucket = (method: string, bucket: Bucket, query: URLSearchParams, body: string, bypass: boolean): string => {
    const asked = (name: string) => query.has(name);
    if (method === 'GET' && asked('versions')) return list(bucket, query.get('prefix') ?? '');
    if (method === 'GET' && asked('versioning')) {
      return `<VersioningConfiguration><Status>${bucket.versioning}</Status></VersioningConfiguration>`;
    }
    if (method === 'GET' && asked('object-lock')) return lockConfiguration(bucket);
    if (method === 'GET' && asked('lifecycle')) return rules();
    if (method === 'POST' && asked('delete')) return batch(bucket, body, bypass);
    if (method === 'PUT' && asked('versioning')) {
      const wanted = tag(body, 'Status') === 'Suspended' ? 'Suspended' : 'Enabled';
      if (wanted === 'Suspended' && bucket.locks && !lying('stops versioning when asked'))
        refuse(409, 'InvalidBucketState');
      bucket.versioning = wanted;
      return '';
    }
    if (method === 'PUT' && asked('object-lock')) {
      const off = tag(body, 'ObjectLockEnabled') !== 'Enabled';
      if (off && !lying('stops locking when asked')) refuse(400, 'MalformedXML');
      bucket.locks = !off;
      return '';
    }
    return refuse(501, 'NotImplemented');
  };

  const onKey = (request: Asked, response: ServerResponse): string | Buffer => {
    const { method, bucket, key, query, headers, body, bypass } = request;
    const id = query.get('versionId');
    const show = (version: Version): void => {
      response.setHeader('x-amz-version-id', version.id);
      response.setHeader('etag', `"${createHash('md5').update(version.bytes).digest('hex')}"`);
      if (version.until !== undefined) {
        response.setHeader('x-amz-object-lock-mode', version.mode ?? '');
        response.setHeader('x-amz-object-lock-retain-until-date', version.until.toISOString());
      }
      if (version.hold) response.setHeader('x-amz-object-lock-legal-hold', 'ON');
    };
    if (method === 'GET' || method === 'HEAD') {
      const version = find(bucket, key, id);
      if (query.has('retention')) {
        return `<Retention><Mode>${version.mode}</Mode><RetainUntilDate>${version.until?.toISOString()}</RetainUntilDate></Retention>`;
      }
      show(version);
      return method === 'HEAD' ? '' : version.bytes;
    }
    if (method === 'DELETE') {
      response.statusCode = 204;
      if (id !== null) {
        const version = bucket.versions.find((one) => one.key === key && one.id === id);
        if (version !== undefined) remove(bucket, version, bypass);
      } else if (lying('deletes for good without a version')) {
        bucket.versions.splice(0, Infinity, ...bucket.versions.filter((version) => version.key !== key));
      } else store(bucket, key, Buffer.alloc(0), {}, true);
      return '';
    }
    if (method === 'POST' && query.has('uploads')) {
      const uploadId = `u${newId()}`;
      uploads.set(uploadId, { headers, bytes: Buffer.alloc(0) });
      return `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`;
    }
    const upload = uploads.get(query.get('uploadId') ?? '');
    if (upload !== undefined && method === 'PUT') {
      upload.bytes = body;
      response.setHeader('etag', '"part"');
      return '';
    }
    if (upload !== undefined && method === 'POST') {
      show(store(bucket, key, upload.bytes, lying('locks no multipart upload') ? {} : upload.headers));
      return '<CompleteMultipartUploadResult/>';
    }
    if (query.has('retention')) {
      retain(find(bucket, key, id), body.toString(), bypass);
      return '';
    }
    if (query.has('legal-hold')) {
      find(bucket, key, id).hold = tag(body.toString(), 'Status') === 'ON';
      return '';
    }
    const source = headers['x-amz-copy-source'];
    if (typeof source === 'string') {
      const from = new URL(source, 'http://store');
      const [, name = '', ...parts] = from.pathname.split('/').map(decodeURIComponent);
      const original = find(buckets.get(name) ?? bucket, parts.join('/'), from.searchParams.get('versionId'));
      show(store(bucket, key, original.bytes, headers));
      return '<CopyObjectResult/>';
    }
    checkBytes(body, headers);
    show(store(bucket, key, body, headers));
    return '';
  };

  let count = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    count += 1;
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://store');
    const [, name = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    const { method = 'GET', headers } = request;
    response.setHeader('date', now().toUTCString());
    response.setHeader('server', 'Double');
    try {
      if (headers.authorization === undefined && !lying('shows everything to everybody')) refuse(403, 'AccessDenied');
      const bucket = buckets.get(name) ?? refuse(404, 'NoSuchBucket');
      const [key, body] = [rest.join('/'), Buffer.concat(parts)];
      const bypass = headers['x-amz-bypass-governance-retention'] === 'true';
      const answer =
        key === ''
          ? onBucket(method, bucket, query, body.toString(), bypass)
          : onKey({ method, bucket, key, query, headers, body, bypass }, response);
      if (typeof answer === 'string' && answer !== '') response.setHeader('content-type', 'application/xml');
      response.end(answer);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      response.statusCode = thrown.status;
      response.setHeader('content-type', 'application/xml');
      response.end(method === 'HEAD' ? '' : `<Error><Code>${thrown.code}</Code></Error>`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    lie: (...more) => more.forEach((one) => void lies.add(one)),
    versions: (bucket) => buckets.get(bucket)?.versions ?? [],
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Asked {
  readonly method: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly bypass: boolean;
}
