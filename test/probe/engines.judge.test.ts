/** Real engines, as a hospital may have them. What docs/object-stores.md says of them is what is seen here. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeaweedService } from '../../scripts/services/index.ts';
import { markOf } from '../../scripts/services/probe-table.ts';
import type { S3Settings } from '../../src/platform/storage/index.ts';
import type { ProbeReport } from '../../src/platform/storage/worm-probe/index.ts';
import { ENGINES, type Engine, type EngineName, freshBuckets, startEngine } from '../support/s3-engine.ts';
import { failures, probe } from './support/probing.ts';

/** Where each differs from what S3 promises; none of it is used. */
const LIVES_WITHOUT: Record<EngineName, readonly string[]> = {
  minio: [],
  seaweedfs: ['signed-payload', 'copy-locks'],
  ceph: ['multipart-locks', 'if-none-match', 'checksum-sha256', 'copy-locks'],
};

describe.each(ENGINES)('%s', (name) => {
  let engine: Engine;
  let settings: S3Settings;
  let report: ProbeReport;
  beforeAll(async () => {
    engine = await startEngine(name);
    const buckets = await freshBuckets(engine);
    buckets.client.close();
    settings = buckets.settings;
    report = await probe(settings);
  }, 1_800_000);
  afterAll(() => engine.stop());

  test('keeps its locks', () => {
    expect(report.checks.filter(({ severity, result }) => severity === 'required' && result !== 'ok')).toEqual([
      expect.objectContaining({ id: 'older-canaries', result: 'note' }),
    ]);
    expect(report.verdict).toBe('passed');
  });

  test('lacks only what we do not use', () => {
    expect(failures(report)).toEqual(LIVES_WITHOUT[name]);
    expect(report.notUsed).toEqual(LIVES_WITHOUT[name]);
  });

  test('is described in the documentation', () => {
    const rows = readFileSync('docs/object-stores.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    const column = { minio: 3, seaweedfs: 4, ceph: 5 }[name];
    const told = rows.map((cells) => [cells[1]?.replaceAll('`', ''), cells[column]]);
    expect(told).toEqual(report.checks.map((check) => [check.id, markOf(check)]));
  });

  test('still holds the canaries when the next probe comes, but for what was removed beneath the locks', async () => {
    expect(report.leftBehind.length).toBeGreaterThan(5);
    const { service } = engine;
    const filer = name === 'seaweedfs' ? (service as SeaweedService).filer : undefined;
    const victim = report.leftBehind[0];
    if (filer !== undefined && victim !== undefined) {
      // SeaweedFS's inner door knows no locks and asks for no password.
      const path = `${settings.archiveBucket}/${victim.key}.versions?recursive=true`;
      expect((await fetch(`${filer}/buckets/${path}`, { method: 'DELETE' })).status).toBe(204);
    }
    const next = await probe(settings, report.leftBehind);
    const older = next.checks.find(({ id }) => id === 'older-canaries');
    if (filer === undefined) expect(older).toMatchObject({ result: 'ok' });
    else {
      expect(older).toMatchObject({ result: 'failed', seen: `${victim?.key}: the version is gone` });
      expect(next.verdict).toBe('refused');
    }
  });
});
