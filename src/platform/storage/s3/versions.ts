/** The versions in a bucket, delete markers included: a plain listing hides what a marker lies over. */
import { AppError } from '../../../shared/index.ts';
import type { ListedVersion } from '../object-store.ts';
import type { S3Client } from './client.ts';
import { storeError } from './refusal.ts';
import { elementsOf, escapeXml, textOf, xmlHeaders } from './xml.ts';

/** In key order, and within a key from the newest to the oldest. @throws what the store may do. */
export async function* listVersions(
  client: S3Client,
  bucket: string,
  prefix: string,
  pageSize = 1000,
): AsyncIterable<ListedVersion> {
  let from: Record<string, string> = {};
  for (;;) {
    const answer = await client.request({
      method: 'GET',
      bucket,
      query: { versions: '', 'max-keys': String(pageSize), ...(prefix === '' ? {} : { prefix }), ...from },
    });
    if (answer.status !== 200) throw storeError(answer);
    const xml = Buffer.from(answer.body).toString('utf8');
    for (const { name, inner } of elementsOf(xml, 'Version', 'DeleteMarker')) yield listed(name, inner);
    if (textOf(xml, 'IsTruncated') !== 'true') return;
    const next = nextPage(xml);
    // Without a place to go on from, the rest would look missing.
    if (next['key-marker'] === undefined || JSON.stringify(next) === JSON.stringify(from)) {
      throw new AppError('STORE_REFUSED');
    }
    from = next;
  }
}

function nextPage(xml: string): Record<string, string> {
  const key = textOf(xml, 'NextKeyMarker');
  const version = textOf(xml, 'NextVersionIdMarker');
  return { ...(key ? { 'key-marker': key } : {}), ...(version ? { 'version-id-marker': version } : {}) };
}

function listed(name: string, inner: string): ListedVersion {
  return {
    key: textOf(inner, 'Key') ?? '',
    versionId: textOf(inner, 'VersionId') ?? '',
    size: Number(textOf(inner, 'Size') ?? 0),
    storedAt: new Date(textOf(inner, 'LastModified') ?? Number.NaN),
    isDeleteMarker: name === 'DeleteMarker',
  };
}

/** All versions of exactly this key, newest first. */
export async function versionsOf(client: S3Client, bucket: string, key: string): Promise<ListedVersion[]> {
  const versions: ListedVersion[] = [];
  for await (const version of listVersions(client, bucket, key)) {
    // In key order, so the first longer key ends it; some engines list the folder of that name first.
    if (version.key === key) versions.push(version);
  }
  return versions;
}

const BATCH = 1000;

/** Destroys these versions and markers. @throws STORE_REFUSED if one of them stays. */
export async function destroyVersions(
  client: S3Client,
  bucket: string,
  versions: readonly Pick<ListedVersion, 'key' | 'versionId'>[],
): Promise<void> {
  for (let start = 0; start < versions.length; start += BATCH) {
    const objects = versions
      .slice(start, start + BATCH)
      .map(({ key, versionId }) => `<Object><Key>${escapeXml(key)}</Key><VersionId>${versionId}</VersionId></Object>`);
    const body = `<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`;
    const answer = await client.request({
      method: 'POST',
      bucket,
      query: { delete: '' },
      headers: xmlHeaders(body),
      body,
    });
    if (answer.status !== 200) throw storeError(answer);
    const [refused] = elementsOf(Buffer.from(answer.body).toString('utf8'), 'Error');
    if (refused !== undefined) {
      const code = textOf(refused.inner, 'Code');
      throw storeError({ ...answer, status: 403, code });
    }
  }
}
