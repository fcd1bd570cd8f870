/**
 * Puts one running Ấn Tín together: ground, trust, slices, background work, conditions, doors.
 * Nothing runs when it returns: `runner.start()` and listening are the caller's.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../api/index.ts';
import type { Certificate } from '../engines/crypto/index.ts';
import { demandNone, settleMode } from '../legal-mode/index.ts';
import { refuseUnfinishedRestore } from '../platform/backup/index.ts';
import { type Database, openDatabase } from '../platform/db/index.ts';
import { createMetrics, type Metrics } from '../platform/metrics/index.ts';
import { type Background, openBackground } from './background.ts';
import { type Conditions, refuseToContact, watchConditions } from './conditions.ts';
import { openDoors } from './doors.ts';
import { type Ground, openGround } from './ground.ts';
import type { ComposeOptions } from './options.ts';
import { openSlices, type Slices } from './slices.ts';
import { openTrust, type Trust } from './trust.ts';

export interface Antin
  extends Conditions,
    Background,
    Pick<Ground, 'outbox' | 'access' | 'idempotency'>,
    Pick<Slices, 'forms' | 'policies' | 'renderer' | 'parties' | 'records' | 'signing' | 'archive' | 'keepSealPin'>,
    Pick<Trust, 'authority' | 'timestamp'> {
  readonly options: ComposeOptions;
  readonly database: Database;
  readonly app: App;
  readonly metrics: Metrics;
  readonly anchors: { readonly signers: readonly Certificate[]; readonly tsa: readonly Certificate[] };
  /** Settles for good what the data of this database are worth. @throws LEGAL_DEFAULT_USERS, LEGAL_DATABASE_FOR_DEMO. */
  readonly settleMode: () => Promise<void>;
  close(): Promise<void>;
}

/** Typst processes, judges of other people's PDFs; half the jobs at once. */
const PARALLEL = 2;

export async function compose(options: ComposeOptions): Promise<Antin> {
  const { log, dataDir } = options;
  const enforce = options.mode === 'legal' && options.administration !== true;
  refuseUnfinishedRestore(dataDir);
  if (enforce) refuseToContact(options);
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const database = await openDatabase(
    options.databaseUrl === undefined
      ? { dataDir: join(dataDir, 'db'), ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }) }
      : { url: options.databaseUrl },
    {
      log,
      schema: options.schema ?? 'migrate',
      ...(options.connections === undefined ? {} : { connections: options.connections }),
    },
  );
  let antin: Antin;
  try {
    antin = await assemble(options, database);
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
  try {
    if (enforce) demandNone(await antin.legalRefusals());
    if (options.administration !== true) await antin.settleMode();
    return antin;
  } catch (thrown) {
    await antin.close();
    throw thrown;
  }
}

async function assemble(options: ComposeOptions, database: Database): Promise<Antin> {
  const { clock, log, mode, parallel = PARALLEL } = options;
  const [ground, trust] = await Promise.all([openGround(options, database), openTrust(options, parallel)]);
  const metrics = createMetrics({
    database,
    clock,
    log,
    timestamps: trust.timestamp.usage,
    probe: ground.probe,
    findings: () => slices.archive.openFindings(),
  });
  const { countRender, countJob } = metrics;
  const slices = await openSlices(options, ground, trust, { parallel, countRender });
  const background = openBackground(options, ground, slices, { parallel, countJob });
  const conditions = watchConditions(options, ground, trust, slices.archive);
  return {
    ...ground,
    ...trust,
    ...slices,
    ...background,
    ...conditions,
    options,
    metrics,
    app: openDoors(options, ground, trust, slices, conditions, metrics),
    settleMode: () => settleMode(database, mode, clock),
    async close() {
      await background.runner.stop();
      await background.sequencer.close();
      await background.sweeper.close();
      await background.probeKeeper?.close();
      await slices.renderer.close();
      await trust.validation.close();
      await trust.http.close();
      ground.stores.close();
      await database.close();
    },
  };
}
