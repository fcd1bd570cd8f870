/**
 * What really lies in the archive bucket, asked of the engine itself with its own administrator's key. Requests are signed by our client;
 * what they ask and how answers are read is written anew here, so that a mistake of the archive is not repeated by who checks it.
 */
import { createS3Client, type S3Settings } from '../../src/platform/storage/index.ts';

export interface StoredVersion {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker: boolean;
}

export interface Lock {
  readonly mode: string | undefined;
  readonly until: Date | undefined;
}

export interface Bucket {
  /** Delete markers too. */
  versions(): Promise<StoredVersion[]>;
  /** No lock gives both undefined. */
  lockOf(version: StoredVersion): Promise<Lock>;
  /** Writes the same bytes under the same key once more, as a repeated PUT would. @returns the version id. */
  writeAgain(version: Pick<StoredVersion, 'key' | 'versionId'>): Promise<string>;
  close(): void;
}

export function openBucket(settings: S3Settings): Bucket {
  const client = createS3Client(settings);
  const bucket = settings.archiveBucket;
  return {
    versions: async () => {
      const found: StoredVersion[] = [];
      let marker: Record<string, string> | undefined = {};
      while (marker !== undefined) {
        const { status, body } = await client.request({
          method: 'GET',
          bucket,
          query: { versions: '', prefix: 'v1/', ...marker },
        });
        const xml = Buffer.from(body).toString('utf8');
        if (status !== 200) throw new Error(`the bucket cannot be listed: ${status} ${xml}`);
        for (const [, kind, inner = ''] of xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
          const deleteMarker = kind === 'DeleteMarker';
          found.push({ key: element(inner, 'Key'), versionId: element(inner, 'VersionId'), deleteMarker });
        }
        marker =
          element(xml, 'IsTruncated') === 'true'
            ? { 'key-marker': element(xml, 'NextKeyMarker'), 'version-id-marker': element(xml, 'NextVersionIdMarker') }
            : undefined;
      }
      return found;
    },
    lockOf: async ({ key, versionId }) => {
      const { headers } = await client.request({ method: 'HEAD', bucket, key, query: { versionId } });
      const [mode, until] = [headers['x-amz-object-lock-mode'], headers['x-amz-object-lock-retain-until-date']];
      return {
        mode: typeof mode === 'string' ? mode : undefined,
        until: typeof until === 'string' ? new Date(until) : undefined,
      };
    },
    writeAgain: async ({ key, versionId }) => {
      const { body } = await client.request({ method: 'GET', bucket, key, query: { versionId } });
      // Without lock headers: the bucket's own rule locks it.
      const { status, headers } = await client.request({ method: 'PUT', bucket, key, body });
      if (status !== 200) throw new Error(`no second version of ${key}: ${status}`);
      return String(headers['x-amz-version-id']);
    },
    close: () => client.close(),
  };
}

/** Keys here are plain ASCII, so nothing is escaped. */
function element(xml: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)?.[1] ?? '';
}
