/** People, forms, records, signing, archive: what a hospital sees of the system. */
import { createArchive, loadPolicies } from '../archive/index.ts';
import { createRenderer, loadStampFont } from '../engines/render/index.ts';
import { loadFonts, loadForms } from '../forms/index.ts';
import { createParties } from '../parties/index.ts';
import { type Metrics, measuredRenderer } from '../platform/metrics/index.ts';
import { createRecords } from '../records/index.ts';
import { createSealKeys, createSigning } from '../signing/index.ts';
import type { Ground } from './ground.ts';
import type { ComposeOptions } from './options.ts';
import type { Trust } from './trust.ts';

/** Tokens of the authorities seen so far with their chains, and a margin; a larger one makes the engine prepare anew. */
const TIMESTAMP_RESERVE_BYTES = 6144;

export type Slices = Awaited<ReturnType<typeof openSlices>>;

export async function openSlices(
  options: ComposeOptions,
  { database, stores, audit, outbox, sharedClock, keysDir }: Ground,
  { anchors, timestamp, material, validation }: Trust,
  { parallel, countRender }: { readonly parallel: number; readonly countRender: Metrics['countRender'] },
) {
  const { clock, log } = options;
  const fonts = await loadFonts();
  const [forms, policies, stampFont] = await Promise.all([
    loadForms(undefined, options.hospitalFormsDir),
    loadPolicies(options.policiesDir),
    loadStampFont(fonts.regular),
  ]);
  const typesetter = createRenderer({
    fonts: fonts.faces,
    fontFamily: fonts.family,
    stampFont,
    processes: parallel,
  });
  const renderer = measuredRenderer(typesetter, countRender);
  const parties = createParties({ database, clock, audit });
  const lookupUrl = (code: string): string => `${options.publicBaseUrl}/tra-cuu/${code}`;
  const records = createRecords({
    database,
    workStore: stores.work,
    forms,
    renderer,
    audit,
    outbox,
    clock,
    sharedClock,
    facilityHeading: (id) => parties.findFacility(id),
    lookupUrl,
    inspect: (pdf) => validation.inspect(pdf, { file: UPLOAD, at: clock.now() }),
    maxPdfBytes: options.maxPdfBytes,
    demo: options.mode === 'demo',
  });
  const seals = createSealKeys(keysDir);
  const signing = createSigning({
    database,
    records,
    parties,
    audit,
    outbox,
    clock,
    sharedClock,
    log,
    timestamp,
    timestampReserve: TIMESTAMP_RESERVE_BYTES,
    material,
    validation,
    fallbackFont: fonts.regular,
    anchors: anchors.signers,
    timestampAnchors: anchors.tsa,
    sealKeys: seals.open,
  });
  const archive = createArchive({ database, store: stores.archive, clock, audit, policies, log });
  return { forms, policies, renderer, parties, records, signing, archive, lookupUrl, keepSealPin: seals.keep };
}

/** What reports call a file that somebody handed in. */
export const UPLOAD = 'upload.pdf';
