/** What really lies in the archive bucket, asked of the engine itself with its own administrator's key. */
import { buffer } from 'node:stream/consumers';
import { Client } from 'minio';

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
  versions(): Promise<StoredVersion[]>;
  /** No lock gives both undefined. */
  lockOf(version: StoredVersion): Promise<Lock>;
  /** Writes the same bytes under the same key once more, as a repeated PUT would. @returns the version id. */
  writeAgain(version: Pick<StoredVersion, 'key' | 'versionId'>): Promise<string>;
}

export interface BucketAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly archiveBucket: string;
}

export function openBucket({ endpoint, region, accessKey, secretKey, archiveBucket }: BucketAccess): Bucket {
  const { hostname, port, protocol } = new URL(endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    region,
    accessKey,
    secretKey,
    pathStyle: true,
  });
  return {
    versions: async () => {
      const found: StoredVersion[] = [];
      const listing = client.listObjects(archiveBucket, 'v1/', true, { IncludeVersion: true });
      for await (const item of listing as AsyncIterable<Listed>) {
        if (item.name === undefined) continue;
        found.push({ key: item.name, versionId: item.versionId ?? '', deleteMarker: item.isDeleteMarker === true });
      }
      return found;
    },
    writeAgain: async ({ key, versionId }) => {
      const bytes = await buffer(await client.getObject(archiveBucket, key, { versionId }));
      // Without lock headers: the bucket's own rule locks it.
      return (await client.putObject(archiveBucket, key, bytes)).versionId ?? '';
    },
    lockOf: async ({ key, versionId }) => {
      try {
        const lock = await client.getObjectRetention(archiveBucket, key, { versionId });
        const until = lock?.retainUntilDate;
        return { mode: lock?.mode ?? undefined, until: until == null ? undefined : new Date(until) };
      } catch {
        return { mode: undefined, until: undefined };
      }
    },
  };
}

interface Listed {
  readonly name?: string;
  readonly versionId?: string;
  readonly isDeleteMarker?: boolean;
}
