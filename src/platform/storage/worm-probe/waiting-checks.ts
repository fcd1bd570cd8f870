/** What only time shows. Each works on canaries of its own, beside the other checks. */
import { sha256Hex } from '../../../shared/index.ts';
import { holdRequest } from '../s3/lock.ts';
import { deleting, deletingWithBypass, retaining, withstands } from './attacks.ts';
import { type Bench, type Canary, harmSeen } from './bench.ts';
import type { Check } from './check.ts';
import { failed, type LeftBehind, note, type Outcome, ok } from './report.ts';

/** Long enough for an engine that opens its locks after a while to be caught; later ones are caught the next day. */
const LATER_MS = 3_000;
const SHORT_SECONDS = 6;
const FREED_WITHIN_MS = 10_000;

const waitUntil = (bench: Bench, date: Date, afterMs: number) =>
  bench.wait(Math.max(0, date.getTime() - bench.now().getTime() + afterMs));
const dateOf = (canary: Canary) => canary.until ?? new Date(0);

/** Deletes by version until it is gone; engines take a moment after the date. */
async function frees(bench: Bench, canary: Canary): Promise<{ gone: boolean; said: string }> {
  for (let waited = 0; ; waited += 1_000) {
    const { said } = await bench.attempt(deleting(canary).request);
    const gone = (await bench.look(canary)) === undefined;
    if (gone) bench.forget(canary);
    if (gone || waited >= FREED_WITHIN_MS) return { gone, said };
    await bench.wait(1_000);
  }
}

const freed = ({ gone, said }: { gone: boolean; said: string }, told: string): Outcome =>
  gone ? ok(`${told}; DELETE → ${said}, gone`) : failed(`${told}; DELETE → ${said}, still there`);

export const WAITING_CHECKS: readonly Check[] = [
  {
    id: 'attack-later',
    title: {
      vi: 'Vài giây sau khi ghi, khóa vẫn không rút ngắn, không hạ, không gỡ được',
      en: 'Some seconds after writing, the lock still cannot be shortened, lowered or removed',
    },
    severity: 'required',
    waits: true,
    run: async (bench) => {
      const canary = await bench.put('later');
      await bench.wait(LATER_MS);
      const half = new Date(Math.floor((dateOf(canary).getTime() + bench.now().getTime()) / 2000) * 1000);
      return withstands(bench, canary, [
        retaining(canary, { mode: 'COMPLIANCE', until: half }, false),
        retaining(canary, { mode: 'COMPLIANCE', until: new Date(dateOf(canary).getTime() - 1000) }, true),
        retaining(canary, { mode: 'GOVERNANCE', until: dateOf(canary) }, true),
        retaining(canary, undefined, true),
        deleting(canary),
        deletingWithBypass(canary),
      ]);
    },
  },
  {
    id: 'expires',
    title: {
      vi: 'Chỉ xóa được khi đã hết hạn khóa',
      en: 'It can be deleted once its lock has ended, and not before',
    },
    severity: 'required',
    waits: true,
    run: async (bench) => {
      const canary = await bench.put('expires', { lockSeconds: SHORT_SECONDS });
      await waitUntil(bench, dateOf(canary), -3_000);
      const before = await withstands(bench, canary, [deleting(canary)]);
      if (before.result !== 'ok') return before;
      await waitUntil(bench, dateOf(canary), 1_500);
      return freed(await frees(bench, canary), '3 s before the date refused');
    },
  },
  {
    id: 'hold-after-expiry',
    title: {
      vi: 'Lệnh giữ (legal hold) còn chặn việc xóa sau khi hết hạn khóa; gỡ lệnh giữ thì xóa được',
      en: 'A legal hold still blocks deletion after the lock has ended; without it deletion works',
    },
    severity: 'required',
    waits: true,
    run: async (bench) => {
      const canary = await bench.put('hold', { lockSeconds: SHORT_SECONDS, hold: true });
      await waitUntil(bench, dateOf(canary), 1_500);
      const held = await withstands(bench, canary, [deleting(canary), deletingWithBypass(canary)]);
      if (held.result !== 'ok') return held;
      const { said } = await bench.attempt(holdRequest(canary.bucket, canary.key, canary.versionId, false));
      return freed(await frees(bench, canary), `${held.seen} under hold; hold off → ${said}`);
    },
  },
  {
    id: 'hold-alone',
    title: {
      vi: 'Chỉ riêng lệnh giữ cũng chặn việc xóa',
      en: 'A legal hold blocks deletion also where no date was given',
    },
    severity: 'required',
    run: async (bench) => {
      const canary = await bench.put('hold-alone', { lockSeconds: 0, hold: true });
      const until = (await bench.look(canary))?.until;
      const held = await withstands(bench, canary, [deleting(canary), deletingWithBypass(canary)]);
      if (held.result !== 'ok') return held;
      await bench.attempt(holdRequest(canary.bucket, canary.key, canary.versionId, false));
      const now = await bench.look(canary);
      if (now === undefined || now.hold) return failed('the hold could not be lifted');
      if (until !== undefined) bench.remember({ ...canary, until, hold: false });
      else await frees(bench, canary);
      const stamped = until === undefined ? 'no default lock beside the hold' : 'the default lock beside the hold';
      return ok(`${held.seen}; ${stamped}`);
    },
  },
];

/** Canaries of the probe before, days old by now: they were locked then, so they must be there, unharmed, and hold. */
export function olderCanaries(before: readonly LeftBehind[] | undefined, bucket: string): Check {
  return {
    id: 'older-canaries',
    title: {
      vi: 'Vật thử của lần kiểm tra trước còn nguyên và vẫn khóa',
      en: 'The canaries of the probe before are there and still locked',
    },
    severity: 'required',
    run: async (bench) => {
      const margin = bench.now().getTime() + 30_000;
      const locked = (before ?? []).filter((one) => Date.parse(one.lockedUntil) > margin);
      if (locked.length === 0) return note('none that is still locked');
      for (const one of locked) {
        const outcome = await stillHolds(bench, bucket, one);
        if (outcome.result !== 'ok') return { ...outcome, seen: `${one.key}: ${outcome.seen}` };
      }
      return ok(`${locked.length} unchanged, and withstood DELETE and a shorter date`);
    },
  };
}

async function stillHolds(bench: Bench, bucket: string, { key, versionId, sha256, lockedUntil }: LeftBehind) {
  const sight = await bench.look({ bucket, key, versionId });
  if (sight === undefined) return failed('the version is gone');
  if (sha256Hex(sight.bytes) !== sha256) return failed('the bytes differ');
  const until = new Date(lockedUntil);
  const canary: Canary = { bucket, key, versionId, bytes: sight.bytes, until, hold: false };
  const harm = harmSeen(canary, sight);
  if (harm !== undefined) return failed(harm);
  bench.remember(canary);
  const shorter = { mode: 'COMPLIANCE' as const, until: new Date(until.getTime() - 1000) };
  return withstands(bench, canary, [deletingWithBypass(canary), retaining(canary, shorter, true)]);
}

/** The last word: an engine may say no and do it afterwards. */
export const SURVIVORS: Check = {
  id: 'survivors',
  title: {
    vi: 'Sau cùng, mọi vật thử còn khóa đều nguyên vẹn',
    en: 'In the end every locked canary is unharmed',
  },
  severity: 'required',
  run: async (bench) => {
    await bench.wait(LATER_MS);
    const margin = bench.now().getTime() + 5_000;
    const locked = bench.canaries().filter((canary) => dateOf(canary).getTime() > margin);
    for (const canary of locked) {
      const harm = await bench.harm(canary);
      if (harm !== undefined) return failed(`${canary.key}: ${harm}`);
    }
    return locked.length > 0 ? ok(`${locked.length} unchanged`) : failed('no canary is left');
  },
};
