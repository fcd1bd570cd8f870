/** Canaries whose lock has ended are of no use to anybody. */
import { holdRequest } from '../s3/lock.ts';
import { listVersions } from '../s3/versions.ts';
import { deleting } from './attacks.ts';
import { type Bench, PROBE_PREFIX } from './bench.ts';

/** A probe that is at work beside us is younger. */
const SURELY_OVER_MS = 15 * 60_000;

/** Removes what earlier probes left and the engine lets go of. @returns how many versions were removed. */
export async function removeLeftovers(bench: Bench): Promise<number> {
  let removed = 0;
  for (const bucket of [bench.bucket, bench.workBucket]) {
    for await (const version of listVersions(bench.client, bucket, PROBE_PREFIX)) {
      const { key, versionId } = version;
      const aim = { bucket, key, versionId };
      if (bench.now().getTime() - version.storedAt.getTime() < SURELY_OVER_MS) continue;
      const sight = version.isDeleteMarker ? undefined : await bench.look(aim);
      if ((sight?.until?.getTime() ?? 0) > bench.now().getTime()) continue;
      // Of a probe that ended in the middle: nobody else puts a hold on a canary.
      if (sight?.hold === true) await bench.attempt(holdRequest(bucket, key, versionId, false));
      await bench.attempt(deleting(aim).request);
      removed += 1;
    }
  }
  return removed;
}

/** Removes what this probe put and no lock keeps: markers, refused uploads that were stored after all, unlocked copies. */
export async function removeOwn(bench: Bench, runPrefix: string): Promise<void> {
  for (const bucket of [bench.bucket, bench.workBucket]) {
    for await (const { key, versionId } of listVersions(bench.client, bucket, runPrefix)) {
      const locked = bench.canaries().some((canary) => canary.key === key && canary.versionId === versionId);
      if (!locked) await bench.attempt(deleting({ bucket, key, versionId }).request);
    }
  }
}
