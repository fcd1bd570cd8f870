/** Whether the system says when it cannot work, why, and for how long something has been waiting. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOperationsApp } from '../../src/api/index.ts';
import { type Check, createReadiness, diskChecks, probeCheck } from '../../src/platform/readiness/index.ts';
import { AppError, PROBLEMS, settableClock, silentLog } from '../../src/shared/index.ts';
import { dischargeCertificate, openAntin, type RunningAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { look, receive, signAll } from '../support/journey.ts';

const check = (name: string, of: Partial<Check>): Check => ({
  name,
  blocking: true,
  otherwise: 'INTERNAL',
  look: async () => undefined,
  ...of,
});

describe('reasons', () => {
  test('none: ready; one that only warns: ready all the same; one that blocks: not', async () => {
    const said = async (...checks: Check[]) => createReadiness({ checks, log: silentLog })();
    expect(await said(check('a', {}))).toEqual({ ready: true, reasons: [] });
    const warns = check('b', { blocking: false, look: async () => new AppError('TSA_RESTING') });
    expect(await said(check('a', {}), warns)).toMatchObject({
      ready: true,
      reasons: [{ check: 'b', code: 'TSA_RESTING' }],
    });
    const blocks = check('c', { look: async () => new AppError('DATABASE_UNREACHABLE') });
    const both = await said(warns, blocks);
    expect(both).toMatchObject({ ready: false, reasons: [{ check: 'b' }, { check: 'c', blocking: true }] });
    for (const { code, vi, en, mend } of both.reasons) {
      expect(vi).toBe(PROBLEMS[code].title.vi);
      expect(en).toBe(PROBLEMS[code].title.en);
      expect(mend).toEqual(PROBLEMS[code].mend);
    }
  });

  test('a check that hangs or breaks has failed, and does not keep the others waiting', async () => {
    const ask = createReadiness({
      checks: [
        check('hangs', { look: () => new Promise(() => undefined), otherwise: 'WORK_STORE_UNREACHABLE' }),
        check('breaks', {
          look: () => Promise.reject(new Error('a patient’s name')),
          otherwise: 'DATABASE_UNREACHABLE',
        }),
      ],
      log: silentLog,
      timeoutMs: 50,
    });
    const answer = await ask();
    expect(answer.reasons.map(({ check: name, code }) => `${name} ${code}`)).toEqual([
      'hangs WORK_STORE_UNREACHABLE',
      'breaks DATABASE_UNREACHABLE',
    ]);
    expect(JSON.stringify(answer)).not.toContain('a patient’s name');
  });

  test('a hundred who ask at once cost one look', async () => {
    let looks = 0;
    const counted = check('a', {
      look: async () => {
        looks += 1;
        return undefined;
      },
    });
    const ask = createReadiness({ checks: [counted], log: silentLog });
    await Promise.all(Array.from({ length: 100 }, ask));
    expect(looks).toBe(1);
  });

  test('a disk that fills: people are told first, then nothing more is taken in', async () => {
    const said = async (warn: number, stop: number) => {
      const found = await Promise.all(
        diskChecks('/tmp', { warn, stop }).map(async (one) => [one.blocking, await one.look()] as const),
      );
      return found.filter(([, error]) => error !== undefined).map(([blocking]) => blocking);
    };
    expect(await said(0, 0)).toEqual([]);
    expect(await said(2 ** 60, 0)).toEqual([false]);
    expect(await said(2 ** 60, 2 ** 60)).toEqual([true]);
  });

  test('a probe of the archive store that failed, is old, or never was', async () => {
    const clock = settableClock(new Date('2026-11-27T08:00:00Z'));
    const code = async (probe?: { at: Date; passed: boolean }) =>
      (await probeCheck(async () => probe, clock, true).look())?.code;
    expect(await code({ at: new Date('2026-11-27T00:00:00Z'), passed: true })).toBeUndefined();
    expect(await code({ at: new Date('2026-11-27T00:00:00Z'), passed: false })).toBe('WORM_PROBE_FAILED');
    expect(await code({ at: new Date('2026-11-26T00:00:00Z'), passed: true })).toBe('WORM_PROBE_OLD');
    expect(await code()).toBe('WORM_PROBE_OLD');
  });
});

describe('a whole system', () => {
  const folder = temporaryFolder();
  const clock = settableClock(new Date('2026-11-27T08:00:00Z'));
  let running: RunningAntin;
  let count = 0;

  beforeEach(async () => {
    count += 1;
    running = await openAntin(join(folder.path, String(count)), { jobs: false, clock });
  }, 120_000);
  afterEach(async () => {
    await running.antin.close().catch(() => undefined);
    if (count === 3) folder.remove();
  }, 60_000);

  const ready = async () => {
    const answer = await running.antin.app.request('/readyz');
    const { reasons } = (await answer.json()) as { reasons: { check: string; code: string }[] };
    return { status: answer.status, reasons: reasons.map((one) => `${one.check} ${one.code}`) };
  };
  const measures = async (): Promise<Map<string, number>> => {
    const answer = await createOperationsApp(running.antin).request('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  };
  const OLDEST = 'antin_oldest_unarchived_signed_document_seconds';

  test('nobody does the jobs: said after a while; the age of the document that waits is told; done, it is zero', async () => {
    expect(await ready()).toEqual({ status: 200, reasons: [] });
    expect((await measures()).get(OLDEST)).toBe(0);
    const { id } = await receive(running, dischargeCertificate(running));
    for (const person of [running.hospital.practitioner, running.hospital.representative]) {
      expect(await signAll(running, person, [id])).toMatchObject([{ signed: true }]);
    }
    clock.advance(10 * 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5_100)); // measures and reasons are kept for some seconds
    expect(await ready()).toEqual({ status: 200, reasons: ['workers WORK_NOT_DONE'] });
    const waiting = await measures();
    expect(waiting.get(OLDEST)).toBe(600);
    expect(waiting.get('antin_unarchived_signed_documents')).toBe(1);
    expect(waiting.get('antin_outbox_jobs{job="seal",state="waiting"}')).toBe(1);
    expect(waiting.get('antin_outbox_oldest_due_seconds{job="seal"}')).toBe(600);
    const days = [...waiting].filter(([name]) => name.startsWith('antin_certificate_remaining_days'));
    expect(days.map(([name]) => /kind="(\w+)"/.exec(name)?.[1]).toSorted()).toEqual(['seal', 'signer', 'tsa']);
    for (const [, left] of days) expect(left).toBeGreaterThan(300);
    // Nothing in a label but what is named there on purpose.
    expect([...waiting.keys()].join('\n')).not.toContain(id);

    await running.antin.runner.start();
    await running.antin.runner.drain();
    expect((await look(running, id)).state).toBe('archived');
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    expect((await measures()).get(OLDEST)).toBe(0);
    expect(await ready()).toEqual({ status: 200, reasons: [] });
  }, 60_000);

  test('the database is away: not ready, and what is not known is not told', async () => {
    await measures();
    await running.antin.database.close();
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    expect(await ready()).toMatchObject({
      status: 503,
      reasons: expect.arrayContaining(['database DATABASE_UNREACHABLE']),
    });
    const known = await measures();
    expect(known.get('antin_database_reachable')).toBe(0);
    expect(known.has(OLDEST)).toBe(false);
    expect(known.has('process_resident_memory_bytes')).toBe(true);
    expect((await running.antin.app.request('/healthz')).status).toBe(200);
  }, 60_000);

  test('the work store is away: not ready; back again: ready', async () => {
    const work = join(running.dataDir, 'work');
    await rename(work, `${work}.aside`);
    await writeFile(work, 'not a folder');
    expect(await ready()).toEqual({ status: 503, reasons: ['work-store WORK_STORE_UNREACHABLE'] });
    await rm(work);
    await mkdir(work);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await ready()).toEqual({ status: 200, reasons: [] });
  }, 60_000);
});
