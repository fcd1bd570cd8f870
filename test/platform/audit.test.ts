import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  leafHash,
  parseCheckpoint,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '../../src/engines/merkle/index.ts';
import {
  type AuditEvent,
  createAuditLog,
  createLogProofs,
  createSequencer,
  loadLogKey,
  logOrigin,
} from '../../src/platform/audit/index.ts';
import { newId, settableClock } from '../../src/shared/index.ts';
import { insertFacility, temporaryFolder, useDatabase } from '../support/database.ts';

const database = useDatabase();
const folder = temporaryFolder();
afterAll(() => folder.remove());

const clock = settableClock(new Date('2026-11-27T01:02:03.004Z'));
const audit = createAuditLog({ clock });
const key = await loadLogKey(folder.path);
let facilityId: string;

beforeEach(async () => {
  facilityId = await insertFacility(database());
});

const sequencer = () => createSequencer({ database: database(), key, clock });
const proofs = () => createLogProofs({ db: database().db, publicKey: key.publicKey });

function event(more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    facilityId,
    actor: { kind: 'person', id: '0198c0de-0000-7000-8000-0000000000aa' },
    action: 'turn.opened',
    object: { kind: 'document', id: 'doc-1' },
    ...more,
  };
}

function record(more: Partial<AuditEvent> = {}): Promise<string> {
  return database().transaction((tx) => audit.record(tx, event(more)));
}

async function recordMany(count: number): Promise<string[]> {
  const ids: string[] = [];
  await database().transaction(async (tx) => {
    for (let i = 0; i < count; i += 1) ids.push(await audit.record(tx, event({ details: { number: i } })));
  });
  return ids;
}

const fromHex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** What a thief with the database's password can do: switch the triggers off and write. */
async function tamper(statement: RawBuilder<unknown>): Promise<void> {
  await database().transaction(async (tx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(tx);
    await statement.execute(tx);
  });
}

describe('an entry', () => {
  test('is there exactly if its business transaction commits', async () => {
    const failing = database().transaction(async (tx) => {
      await audit.record(tx, event());
      throw new Error('the business failed');
    });
    await expect(failing).rejects.toThrow('the business failed');
    expect(await sequencer().sequence()).toBe(0);

    const id = await record({ reason: 'ký thay', details: { slot: 2, digest: 'ab', consent: true } });
    expect(await proofs().proveEntry(id)).toBeUndefined();
    expect(await sequencer().sequence()).toBe(1);
    expect(await audit.history(database().db, facilityId, { kind: 'document', id: 'doc-1' })).toMatchObject([
      { id, action: 'turn.opened', reason: 'ký thay', details: { slot: 2, digest: 'ab', consent: true } },
    ]);
  });

  test('is proved by its canonical JSON, a path and a signed checkpoint alone', async () => {
    const ids = await recordMany(11);
    await sequencer().sequence();
    for (const id of ids) {
      const proof = await proofs().proveEntry(id);
      if (proof === undefined) throw new Error('not sequenced');
      const checkpoint = verifyCheckpoint(proof.checkpoint, logOrigin(facilityId), key.publicKey);
      if (checkpoint === undefined) throw new Error('the checkpoint does not verify');
      expect(checkpoint.size).toBe(proof.size);
      const claim = { index: proof.index, size: proof.size, path: proof.path.map(fromHex), root: checkpoint.root };
      expect(verifyInclusion({ ...claim, leaf: leafHash(Buffer.from(proof.leaf)) })).toBe(true);
      expect(verifyInclusion({ ...claim, leaf: leafHash(Buffer.from(proof.leaf.replace('turn', 'tum'))) })).toBe(false);
      expect(JSON.parse(proof.leaf)).toMatchObject({ id, facility: facilityId, at: '2026-11-27T01:02:03.004Z' });
    }
  });

  test('cannot be changed or removed by SQL of the application', async () => {
    await record();
    await sequencer().sequence();
    const { db } = database();
    for (const statement of [
      sql`UPDATE audit_entry SET action = 'x.y'`,
      sql`DELETE FROM audit_entry`,
      sql`DELETE FROM audit_index`,
      sql`TRUNCATE audit_checkpoint`,
    ]) {
      await expect(statement.execute(db)).rejects.toThrow('never changed or removed');
    }
  });

  test('holds only what hashes the same again', async () => {
    await expect(record({ details: { dose: 0.1 } })).rejects.toThrow('not an integer');
    await expect(record({ action: 'Something happened' })).rejects.toThrow('not an action');
    await record({ details: { tên: 'Đa khoa “Minh Hoạ” \u2028 \ud83d\ude00', '': '', big: 2 ** 53 - 1, zero: -0 } });
    await sequencer().sequence();
    expect(await proofs().verifyLog(facilityId)).toMatchObject({ intact: true, size: 1, findings: [] });
  });
});

describe('the log', () => {
  test('has no gaps when many writers commit at once, two sequencers run, and some writers roll back', async () => {
    const sequencers = [sequencer(), sequencer()];
    let writing = true;
    const sequencing = sequencers.map(async (one) => {
      while (writing) await one.sequence();
    });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 25; i += 1) {
        await database()
          .transaction(async (tx) => {
            await audit.record(tx, event({ details: { writer, i } }));
            if (i % 5 === 4) throw new Error('rolled back');
          })
          .catch((error: Error) => expect(error.message).toBe('rolled back'));
      }
    });
    await Promise.all(writers);
    writing = false;
    await Promise.all(sequencing);
    await sequencer().sequence();

    const rows = await database()
      .db.selectFrom('audit_index')
      .select('leaf_index')
      .where('facility_id', '=', facilityId)
      .orderBy('leaf_index')
      .execute();
    expect(rows.map((row) => row.leaf_index)).toEqual(Array.from({ length: 160 }, (_, i) => i));
    expect(await proofs().verifyLog(facilityId)).toEqual({ intact: true, size: 160, pending: 0, findings: [] });
  });

  test('grows over tile borders, and every older checkpoint is a prefix of the newest', async () => {
    const notes: string[] = [];
    for (const count of [1, 255, 1, 300, 2100]) {
      await recordMany(count);
      expect(await sequencer().sequence()).toBe(count);
      notes.push((await proofs().latestCheckpoint(facilityId)) ?? '');
    }
    const checkpoints = notes.map((note) => verifyCheckpoint(note, logOrigin(facilityId), key.publicKey));
    const newest = checkpoints.at(-1);
    expect(checkpoints.map((one) => one?.size)).toEqual([1, 256, 257, 557, 2657]);
    for (const older of checkpoints) {
      if (older === undefined || newest === undefined) throw new Error('a checkpoint does not verify');
      const proof = await proofs().proveConsistency(facilityId, older.size, newest.size);
      const sizes = { first: older.size, second: newest.size, firstRoot: older.root, secondRoot: newest.root };
      expect(verifyConsistency({ ...sizes, proof: proof.map(fromHex) })).toBe(true);
    }
    expect(await proofs().verifyLog(facilityId)).toEqual({ intact: true, size: 2657, pending: 0, findings: [] });
  });

  test('of one facility does not hold the entries of another', async () => {
    await recordMany(3);
    const first = facilityId;
    facilityId = await insertFacility(database());
    await recordMany(2);
    await sequencer().sequence();
    expect(await proofs().verifyLog(first)).toMatchObject({ intact: true, size: 3 });
    expect(await proofs().verifyLog(facilityId)).toMatchObject({ intact: true, size: 2 });
  });

  test('sequences by itself about once a second', async () => {
    const id = await record();
    const one = sequencer();
    one.start();
    while ((await proofs().proveEntry(id)) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    await one.close();
  });
});

describe('tampering', () => {
  const of = () => sql`facility_id = ${facilityId}`;
  const stories: [string, () => RawBuilder<unknown>, RegExp][] = [
    ['a changed action', () => sql`UPDATE audit_entry SET action = 'turn.closed' WHERE id = ${ids[3]}`, /index 3/],
    ['a changed time', () => sql`UPDATE audit_entry SET at = at + interval '1 ms' WHERE id = ${ids[0]}`, /index 0/],
    ['an added reason', () => sql`UPDATE audit_entry SET reason = 'x' WHERE id = ${ids[7]}`, /index 7/],
    ['a removed entry', () => sql`DELETE FROM audit_entry WHERE id = ${ids[5]}`, /entry of index 5 is missing/],
    [
      'an entry removed with its index',
      () =>
        sql`WITH gone AS (DELETE FROM audit_index WHERE entry_id = ${ids[5]}) DELETE FROM audit_entry WHERE id = ${ids[5]}`,
      /index 5 is missing/,
    ],
    ['a cut tail', () => sql`DELETE FROM audit_index WHERE ${of()} AND leaf_index >= 8`, /its last checkpoint 10/],
    [
      'an entry taken out of the log',
      () => sql`DELETE FROM audit_index WHERE entry_id = ${ids[9]}`,
      /neither in the log/,
    ],
    [
      'an entry moved to the front',
      () => sql`UPDATE audit_index SET leaf_index = -1 WHERE ${of()} AND leaf_index = 4`,
      /index 4 is missing/,
    ],
    ['a changed tile', () => sql`UPDATE audit_tile SET hashes = set_byte(hashes, 40, 1) WHERE ${of()}`, /tile\/0\/000/],
    [
      'a changed checkpoint',
      () => sql`UPDATE audit_checkpoint SET note = replace(note, '10', '11') WHERE ${of()}`,
      /not signed/,
    ],
    ['a removed checkpoint', () => sql`DELETE FROM audit_checkpoint WHERE ${of()}`, /its last checkpoint 0/],
  ];
  let ids: string[] = [];

  beforeEach(async () => {
    ids = await recordMany(10);
    await sequencer().sequence();
    expect(await proofs().verifyLog(facilityId)).toMatchObject({ intact: true, size: 10 });
  });

  test.each(stories)('%s is found', async (_, statement, finding) => {
    await tamper(statement());
    const verdict = await proofs().verifyLog(facilityId);
    expect(verdict.intact).toBe(false);
    expect(verdict.findings.map(({ en }) => en).join('\n')).toMatch(finding);
  });

  test('with hashes recomputed is found, since the thief cannot sign', async () => {
    const forged = leafHash(Buffer.from('forged'));
    await tamper(sql`UPDATE audit_index SET leaf_hash = ${Buffer.from(forged)} WHERE entry_id = ${ids[2]}`);
    expect((await proofs().verifyLog(facilityId)).intact).toBe(false);
  });

  test('of the tiles stops the sequencer: nothing is signed on top of it; other facilities go on', async () => {
    await tamper(sql`UPDATE audit_tile SET hashes = set_byte(hashes, 40, 1) WHERE ${of()}`);
    await record();
    const broken = facilityId;
    facilityId = await insertFacility(database());
    await record();
    await expect(sequencer().sequence()).rejects.toMatchObject({ code: 'AUDIT_LOG_BROKEN', kind: 'integrity' });
    expect(await proofs().verifyLog(facilityId)).toMatchObject({ intact: true, size: 1, pending: 0 });
    const last = parseCheckpoint(
      ((await proofs().latestCheckpoint(broken)) ?? '').split('\n\n')[0]?.concat('\n') ?? '',
    );
    expect(last?.size).toBe(10);
    await tamper(sql`DELETE FROM audit_pending`);
  });
});

test('the key is made once, kept private, and read again', async () => {
  const again = await loadLogKey(folder.path);
  expect(again.publicKey).toEqual(key.publicKey);
  const path = join(folder.path, 'audit-log.key.pem');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toContain('PRIVATE KEY');
  const fresh = join(folder.path, newId(clock.now()));
  const racing = await Promise.all(Array.from({ length: 5 }, () => loadLogKey(fresh)));
  expect(new Set(racing.map((one) => Buffer.from(one.publicKey).toString('hex'))).size).toBe(1);
});
