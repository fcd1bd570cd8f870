/** A process whose own clock is off: turns and PIN locks go by the clock that all processes share. */
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { rawSigner } from '../../src/engines/crypto/index.ts';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { look, receive, signAll } from '../support/journey.ts';
import { hire, type Person } from '../support/people.ts';

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** The clock of the process alone; its database has the right one. */
const clock = settableClock(new Date());
const running = useAntin({ clock, jobs: false, also: { sharedClock: 'database' } });

beforeEach(() => clock.set(new Date()));

/** It stands still then. */
const setOff = (milliseconds: number): void => clock.set(new Date(Date.now() + milliseconds));

const open = (id: string, by: Person): Promise<Response> =>
  running().request('POST', `/v1/documents/${id}/turns`, { key: by.apiKey, json: { credential: by.credential } });

const codeOf = async (answer: Response): Promise<string> => (await answer.json()).code;

async function set(table: 'signing_turn' | 'pin_attempt', column: string, seconds: number): Promise<void> {
  const until = sql`statement_timestamp() + ${seconds} * interval '1 second'`;
  await sql`UPDATE ${sql.table(table)} SET ${sql.ref(column)} = ${until} WHERE ${sql.ref(column)} IS NOT NULL`.execute(
    running().antin.database.db,
  );
}

test('nobody’s turn is taken early by who is ahead, or held longer by who is behind', async () => {
  const [doctor, colleague] = [
    await hire(running(), { staffCode: 'BS301' }),
    await hire(running(), { staffCode: 'BS302' }),
  ];
  const { id } = await receive(running(), dischargeCertificate(running()));
  expect((await open(id, doctor)).status).toBe(201);
  await set('signing_turn', 'lease_until', 40);
  setOff(58 * SECOND_MS);
  expect(await codeOf(await open(id, colleague))).toBe('TURN_TAKEN');

  await set('signing_turn', 'lease_until', -30);
  setOff(-30 * SECOND_MS);
  const { db } = running().antin.database;
  const before = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db);
  const turn = await (await open(id, colleague)).json();
  const { rows } = await sql<{ left: number }>`
    SELECT extract(epoch FROM lease_until - opened_at)::integer AS left
    FROM signing_turn WHERE id = ${turn.id} AND opened_at >= ${before.rows[0]?.now}::timestamptz`.execute(db);
  expect(rows).toEqual([{ left: 600 }]);
});

test('a locked PIN is locked for fifteen minutes, wherever the next try is made', async () => {
  const { practitioner } = running().hospital;
  const { id } = await receive(running(), dischargeCertificate(running()));
  const enter = async (pin: string): Promise<string> => {
    const json = { credential: practitioner.credential, pin, documents: [{ id }] };
    const answer = await running().request('POST', '/v1/sessions', { key: practitioner.apiKey, json });
    return answer.ok ? 'opened' : codeOf(answer);
  };
  // Locked by a process that is a day ahead.
  clock.advance(DAY_MS);
  for (let left = 5; left > 0; left -= 1) expect(await enter('000000')).toBe('PIN_REJECTED');
  expect(await enter(practitioner.pin)).toBe('TOO_MANY_TRIES');
  await set('pin_attempt', 'locked_until', 600);
  clock.advance(DAY_MS);
  expect(await enter(practitioner.pin)).toBe('TOO_MANY_TRIES');
  await set('pin_attempt', 'locked_until', 0);
  clock.advance(-3 * DAY_MS);
  expect(await enter('000000')).toBe('PIN_REJECTED');
  expect(await enter(practitioner.pin)).toBe('opened');
});

test.each([DAY_MS, -DAY_MS, 5 * 60 * SECOND_MS])(
  'nothing is signed by a clock that is off by %d ms: it would claim a wrong time',
  async (off) => {
    const { antin, request, hospital } = running();
    const doctor = await hire(running(), { staffCode: `BS${off}` });
    const { id } = await receive(running(), dischargeCertificate(running()));
    const turn = await (await open(id, doctor)).json();
    const scheme = { scheme: turn.toSign.scheme, digest: 'SHA-256' } as const;
    const value = await rawSigner(
      doctor.identity.privateKey,
      scheme,
    )(Buffer.from(turn.toSign.signedAttributes, 'base64'));
    const json = { signature: Buffer.from(value).toString('base64') };
    const complete = () => request('POST', `/v1/turns/${turn.id}/complete`, { key: doctor.apiKey, json });
    const other = await receive(running(), dischargeCertificate(running()));
    const before = await look(running(), id);

    setOff(off);
    expect(await codeOf(await complete())).toBe('CLOCK_WRONG');
    expect(await codeOf(await open(other.id, doctor))).toBe('CLOCK_WRONG');
    expect(await signAll(running(), hospital.practitioner, [other.id])).toMatchObject([{ code: 'CLOCK_WRONG' }]);
    expect([await look(running(), id), await look(running(), other.id)]).toEqual([before, other]);
    await expect(antin.sweeper.sweep()).rejects.toMatchObject({ code: 'CLOCK_WRONG' });

    // The approval was not lost.
    setOff(0);
    expect((await complete()).status).toBe(200);
    expect(await signAll(running(), hospital.practitioner, [other.id])).toMatchObject([{ signed: true }]);
  },
);

test('nothing is taken in by a wrong clock: the paper would bear its date; no number is lost by it', async () => {
  const { request, hospital } = running();
  const handIn = () => {
    const json = dischargeCertificate(running());
    return request('POST', '/v1/documents', { key: hospital.keys.intake, json });
  };
  const numberOf = async (answer: Response): Promise<number> => Number(/^\d+/.exec((await answer.json()).number)?.[0]);
  const before = await numberOf(await handIn());
  setOff(-DAY_MS);
  const refused = await handIn();
  expect([refused.status, await codeOf(refused)]).toEqual([503, 'CLOCK_WRONG']);
  setOff(0);
  expect(await numberOf(await handIn())).toBe(before + 1);
});

test('the process says that it is not ready, until its clock is right', async () => {
  const { antin } = running();
  const reason = async () => (await antin.readiness()).reasons.find(({ check }) => check === 'clock');
  clock.advance(-DAY_MS);
  await expect.poll(reason, { timeout: 20_000, interval: 500 }).toMatchObject({
    code: 'CLOCK_WRONG',
    blocking: true,
    vi: expect.stringMatching(/^Đồng hồ của tiến trình này chạy chậm 864\d\d giây so với cơ sở dữ liệu\.$/),
    en: expect.stringMatching(/^The clock of this process is 864\d\d s behind the database's\.$/),
  });
  clock.set(new Date());
  await expect.poll(reason, { timeout: 20_000, interval: 500 }).toBeUndefined();
});
