import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Access,
  createAccess,
  createIdempotency,
  IN_PROGRESS_MS,
  ROLES,
  requireRole,
} from '../../src/platform/access/index.ts';
import { newId, settableClock, sha256Hex } from '../../src/shared/index.ts';
import { insertFacility, useDatabase } from '../support/database.ts';

const database = useDatabase();
let clock: ReturnType<typeof settableClock>;
let access: Access;
let facilityId: string;

beforeEach(async () => {
  clock = settableClock(new Date('2026-11-27T01:00:00Z'));
  access = createAccess({ database: database(), clock });
  facilityId = await insertFacility(database());
});

describe('an API key', () => {
  const make = (more: { clinicianId?: string } = {}) =>
    database().transaction((tx) =>
      access.createApiKey(tx, { facilityId, name: 'HIS khoa Nội', roles: ['intake', 'clinician'], ...more }),
    );

  test('lets its holder in, as whom it was made for', async () => {
    const clinicianId = newId(clock.now());
    const { id, token } = await make({ clinicianId });
    expect(token).toMatch(/^antin_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    const principal = { keyId: id, facilityId, name: 'HIS khoa Nội', roles: ['intake', 'clinician'], clinicianId };
    expect(await access.authenticate(`Bearer ${token}`)).toEqual(principal);
    expect(await access.authenticate(`bearer  ${token} `)).toEqual(principal);
  });

  test('is stored only as a hash', async () => {
    const { id, token } = await make();
    const row = await database().db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    const secret = token.slice(`antin_${id}_`.length);
    expect(Buffer.from(row.secret_hash).toString('hex')).toBe(sha256Hex(secret));
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test('that is missing, misspelt, wrong, unknown or revoked lets nobody in', async () => {
    const { id, token } = await make();
    for (const missing of [undefined, '', '  ']) {
      await expect(access.authenticate(missing)).rejects.toMatchObject({ code: 'API_KEY_MISSING' });
    }
    const last = token.endsWith('A') ? 'E' : 'A';
    const wrong = [
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.slice(0, -1)}${last}`,
      `Bearer antin_0000000000000000_${token.slice(-43)}`,
      `Bearer ${token.toUpperCase()}`,
      'Bearer antin__',
      `Bearer antin_${id}_`,
    ];
    for (const header of wrong) {
      await expect(access.authenticate(header), header).rejects.toMatchObject({ code: 'API_KEY_REFUSED' });
    }
    const elsewhere = await insertFacility(database());
    expect(await database().transaction((tx) => access.revokeApiKey(tx, elsewhere, id))).toBe(false);
    expect(await database().transaction((tx) => access.revokeApiKey(tx, facilityId, id))).toBe(true);
    expect(await database().transaction((tx) => access.revokeApiKey(tx, facilityId, id))).toBe(false);
    await expect(access.authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'API_KEY_REFUSED' });
    expect(await access.listApiKeys(facilityId)).toMatchObject([{ keyId: id, revokedAt: clock.now() }]);
    expect(await access.listApiKeys(elsewhere)).toEqual([]);
  });

  test('opens what its roles open, and nothing else', async () => {
    const principal = await access.authenticate(`Bearer ${(await make()).token}`);
    const open = ROLES.filter((role) => {
      try {
        requireRole(principal, role);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ROLE_REQUIRED', kind: 'forbidden' });
        return false;
      }
    });
    expect(open).toEqual(['intake', 'clinician']);
    requireRole(principal, 'admin', 'clinician');
    expect(() => requireRole(principal, 'admin', 'auditor')).toThrow('admin, auditor');
  });
});

describe('an Idempotency-Key', () => {
  const response = { status: 201, headers: { location: '/v1/documents/1' }, body: '{"state":"rendered"}' };
  const keys = () => createIdempotency({ database: database(), clock });

  /** Claims a key that is free. */
  async function hold(key: string, hash = 'hash-a') {
    const claim = await keys().claim(facilityId, key, hash);
    if (claim.state !== 'new') throw new Error('the key was answered already');
    return claim.held;
  }

  test('replays the first answer to the same request', async () => {
    const held = await hold('k-1');
    await keys().answer(held, response);
    expect(await keys().claim(facilityId, 'k-1', 'hash-a')).toEqual({ state: 'answered', response });
    await keys().abandon(held);
    expect(await keys().claim(facilityId, 'k-1', 'hash-a')).toEqual({ state: 'answered', response });
  });

  test('refuses another request, and a second one while the first is at work', async () => {
    await keys().claim(facilityId, 'k-1', 'hash-a');
    const second = keys().claim(facilityId, 'k-1', 'hash-a');
    await expect(second).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS', kind: 'conflict' });
    const other = keys().claim(facilityId, 'k-1', 'hash-b');
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await keys().claim(await insertFacility(database()), 'k-1', 'hash-b')).toMatchObject({ state: 'new' });
  });

  test('is free again after a failure without effect, and after a crash in time', async () => {
    await keys().abandon(await hold('k-1'));
    expect(await keys().claim(facilityId, 'k-1', 'hash-b')).toMatchObject({ state: 'new' });
    clock.advance(IN_PROGRESS_MS);
    expect(await keys().claim(facilityId, 'k-1', 'hash-b')).toMatchObject({ state: 'new' });
  });

  test('is kept as long as the work goes on, by who holds it', async () => {
    const held = await hold('k-1');
    for (let third = 0; third < 4; third += 1) {
      clock.advance(IN_PROGRESS_MS / 2);
      await keys().keep(held);
    }
    await expect(hold('k-1')).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
    clock.advance(IN_PROGRESS_MS);
    const second = await hold('k-1');
    await keys().keep(held);
    await keys().answer(second, response);
    await keys().keep(second);
    expect(await keys().claim(facilityId, 'k-1', 'hash-a')).toEqual({ state: 'answered', response });
  });

  test('is remembered exactly if the effect commits', async () => {
    const held = await hold('k-1');
    const failing = database().transaction(async (tx) => {
      await keys().answerWith(tx, held, response);
      throw new Error('the effect failed');
    });
    await expect(failing).rejects.toThrow('the effect failed');
    const again = keys().claim(facilityId, 'k-1', 'hash-a');
    await expect(again).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
  });

  test('that was taken over, even if it was freed and claimed again since, undoes the effect of who had it', async () => {
    const slow = await hold('k-1');
    clock.advance(IN_PROGRESS_MS);
    const second = await hold('k-1');
    const late = (name: string) =>
      database().transaction(async (tx) => {
        await tx
          .insertInto('facility')
          .values({ id: newId(clock.now()), name, created_at: clock.now() })
          .execute();
        await keys().answerWith(tx, slow, response);
      });
    await expect(late('too late')).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
    await keys().abandon(slow);
    await keys().answer(slow, response);
    await keys().abandon(second);
    const third = await hold('k-1');
    await expect(late('too late')).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
    expect(await database().db.selectFrom('facility').where('name', '=', 'too late').selectAll().execute()).toEqual([]);
    await database().transaction((tx) => keys().answerWith(tx, third, response));
    expect(await keys().claim(facilityId, 'k-1', 'hash-a')).toEqual({ state: 'answered', response });
  });

  test('goes to one of twenty that ask at once', async () => {
    const race = Array.from({ length: 20 }, () => keys().claim(facilityId, 'k-1', 'hash-a'));
    const ends = await Promise.allSettled(race);
    expect(ends.filter((end) => end.status === 'fulfilled').length).toBe(1);
  });

  test('must be printable ASCII of at most 255 characters, and is forgotten after its days', async () => {
    for (const key of ['', 'a b', 'khoá', 'x'.repeat(256), 'a\n']) {
      await expect(keys().claim(facilityId, key, 'h')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_INVALID' });
    }
    await keys().claim(facilityId, 'old', 'hash-a');
    clock.advance(8 * 24 * 60 * 60 * 1000);
    expect(await keys().forget(7)).toBeGreaterThan(0);
    expect(await keys().claim(facilityId, 'old', 'hash-b')).toMatchObject({ state: 'new' });
  });
});
