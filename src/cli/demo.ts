/** `antin demo`: the main road once, without a server: three documents from intake to the locked archive, each step printed. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Antin, compose } from '../compose/index.ts';
import { type Certificate, toPem } from '../engines/crypto/index.ts';
import { type ValidationReport, validate } from '../engines/pades/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import type { Document, DocumentState } from '../records/index.ts';
import { AppError, sha256Hex, silentLog, systemClock, vnDate } from '../shared/index.ts';
import { type DemoHospital, openDemoHospital } from './demo-hospital.ts';
import { writeOutput } from './files.ts';
import { shipped } from './with-antin.ts';

interface DemoOptions {
  readonly data?: string;
  readonly out: string;
  readonly json: boolean;
}

/** One line of progress. */
interface Step {
  readonly step: string;
  readonly document: string;
  readonly ms: number;
}

interface DemoDocument {
  readonly id: string;
  readonly form: string;
  readonly file: string;
  readonly level: string;
  readonly verdict: ValidationReport['verdict'];
  readonly retainUntil: string;
  readonly legalBasis: string;
  readonly objectKey: string;
  readonly sha256: string;
}

const ACTOR: AuditActor = { kind: 'system', id: 'demo' };
const MAX_PDF_BYTES = 200 * 1024 * 1024;
/** A step that takes longer than this has stopped; its cause is in the outbox. */
const STEP_LIMIT_MS = 60_000;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('Chạy trọn quy trình với ba tài liệu mẫu · The whole road once, with three sample documents')
    .option('--data <dir>', 'data folder (default: OUT/data)')
    .option('--out <dir>', 'where the PDFs and the trust anchors go', 'antin-demo')
    .option('--json', 'one JSON line a step', false)
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const began = performance.now();
  const out = resolve(options.out);
  await mkdir(out, { recursive: true });
  const print = options.json ? printJson : printWords;
  if (!options.json) console.log('Ấn Tín: bản thử, ba tài liệu mẫu (demonstration, three sample documents)\n');
  const setUp = performance.now();
  const antin = await compose({
    mode: 'demo',
    dataDir: resolve(options.data ?? join(out, 'data')),
    publicBaseUrl: 'http://127.0.0.1:8080',
    policiesDir: shipped('storage-policies'),
    extraAnchors: [shipped('samples', 'presigned-referral.root.pem')],
    tsaUrls: [],
    maxPdfBytes: MAX_PDF_BYTES,
    clock: systemClock,
    log: silentLog,
  });
  try {
    const hospital = await openDemoHospital(antin);
    print({ step: 'set-up', document: '-', ms: since(setUp) });
    await antin.runner.start();
    const documents: DemoDocument[] = [];
    for (const sample of await samples(antin)) {
      const document = await road(antin, hospital, sample, print);
      documents.push(await collect(antin, document, out));
    }
    await writeAnchors(antin, join(out, 'trust'));
    const verdict = documents.every((one) => one.verdict === 'TOTAL-PASSED') ? 'TOTAL-PASSED' : 'TOTAL-FAILED';
    const seconds = Math.round(since(began) / 100) / 10;
    const result = { verdict, seconds, trust: join(out, 'trust'), documents };
    if (options.json) console.log(JSON.stringify({ result }));
    else summary(result, out);
    if (verdict !== 'TOTAL-PASSED') process.exitCode = 1;
  } finally {
    await antin.close();
  }
}

interface Sample {
  readonly type: string;
  readonly recordNumber: string;
  readonly content: unknown;
  readonly files: readonly Uint8Array[] | undefined;
}

/** Both forms as their samples say, and a referral that another clinic had signed. */
async function samples(antin: Antin): Promise<Sample[]> {
  const fromForm = (type: string, files?: readonly Uint8Array[]): Sample => {
    const form = antin.forms.list().find((one) => one.id === type);
    if (form === undefined) throw new AppError('FORM_UNKNOWN');
    const content = form.sample();
    return { type, recordNumber: String(content.recordNumber), content, files };
  };
  const referral = new Uint8Array(await readFile(shipped('samples', 'presigned-referral.pdf')));
  return [fromForm('giay-ra-vien'), fromForm('tom-tat-ho-so-benh-an'), fromForm('tai-lieu-pdf', [referral])];
}

/** One document all the way, each step printed as it is done. */
async function road(
  antin: Antin,
  hospital: DemoHospital,
  sample: Sample,
  print: (step: Step) => void,
): Promise<Document> {
  let mark = performance.now();
  const done = (step: string, document: string): void => {
    print({ step, document, ms: since(mark) });
    mark = performance.now();
  };
  const received = await antin.records.receive({
    facilityId: hospital.facility,
    actor: ACTOR,
    type: sample.type,
    record: { number: sample.recordNumber },
    content: sample.content,
    files: sample.files,
  });
  done('intake', received.id);
  for (const slot of received.slots.filter((one) => one.kind === 'person')) {
    const person = slot.role === 'practitioner' ? hospital.practitioner : hospital.representative;
    const session = await antin.signing.openSession({
      facilityId: hospital.facility,
      actor: { kind: 'person', id: person.clinician },
      clinicianId: person.clinician,
      credentialId: person.credential,
      pin: person.pin,
      documents: [{ id: received.id, renditionSha256: received.renditionSha256 }],
    });
    const [result] = session.results;
    if (result?.signed !== true) throw new AppError(result?.code ?? 'INTERNAL');
    done(`sign ${slot.field}`, received.id);
  }
  for (const [step, states] of STEPS) {
    await reach(antin, received.id, states);
    done(step, received.id);
  }
  return antin.records.find(hospital.facility, received.id);
}

const STEPS: readonly [string, readonly DocumentState[]][] = [
  ['seal', ['sealed', 'extended', 'archived']],
  ['extend', ['extended', 'archived']],
  ['archive', ['archived']],
];

/** Waits until the workers have brought the document that far. @throws the cause with which a job stopped. */
async function reach(antin: Antin, id: string, states: readonly DocumentState[]): Promise<void> {
  const until = performance.now() + STEP_LIMIT_MS;
  for (;;) {
    const document = await antin.records.find(undefined, id);
    if (states.includes(document.state)) return;
    const stopped = (await antin.outbox.stopped(document.facilityId)).find((intent) => intent.subject === id);
    if (stopped !== undefined || performance.now() > until) {
      const cause = stopped === undefined ? document.state : `${stopped.causeCode}: ${stopped.causeDetail}`;
      throw new AppError('JOB_STOPPED', {
        detail: { vi: `Tác vụ nền đã dừng: ${cause}`, en: `A background job has stopped: ${cause}` },
      });
    }
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/** Fetches the archived bytes (re-hashed), judges them as an outsider would, and writes them to `out`. */
async function collect(antin: Antin, document: Document, out: string): Promise<DemoDocument> {
  const at = { facilityId: document.facilityId, documentId: document.id };
  const archived = await antin.archive.findArchived(at);
  const { bytes } = await antin.archive.fetchArchived({ ...at, actor: ACTOR });
  if (archived === undefined) throw new AppError('NOT_ARCHIVED');
  const file = `${document.form}.pdf`;
  await writeOutput(join(out, file), bytes);
  const report = validate(bytes, {
    file,
    anchors: antin.anchors.signers,
    timestampAnchors: antin.anchors.tsa,
    at: systemClock.now(),
  });
  return {
    id: document.id,
    form: document.form,
    file: join(out, file),
    level: document.level ?? '',
    verdict: report.verdict,
    retainUntil: archived.object.retainUntil.toISOString(),
    legalBasis: archived.receipt.legalBasis.vi,
    objectKey: archived.object.key,
    sha256: sha256Hex(bytes),
  };
}

async function writeAnchors(antin: Antin, directory: string): Promise<void> {
  for (const purpose of ['signers', 'tsa'] as const) {
    await mkdir(join(directory, purpose), { recursive: true });
    const anchors: readonly Certificate[] = antin.anchors[purpose];
    for (const [index, anchor] of anchors.entries()) {
      await writeOutput(join(directory, purpose, `anchor-${index + 1}.pem`), toPem(anchor));
    }
  }
}

/** `retainUntil` is the first instant after the period; people are told the last day. */
const lastDay = (retainUntil: string): string => vnDate(new Date(Date.parse(retainUntil) - 1));

const since = (mark: number): number => Math.round(performance.now() - mark);

function printJson(step: Step): void {
  console.log(JSON.stringify(step));
}

const STEP_WORDS: Readonly<Record<string, string>> = {
  'set-up': 'Chuẩn bị hệ thống (set-up)',
  intake: 'Tiếp nhận và dựng PDF/A (intake, render)',
  'sign NguoiHanhNghe': '  Người hành nghề ký (practitioner signs)',
  'sign DaiDienDonVi': '  Đại diện đơn vị ký (representative signs)',
  seal: '  Đóng dấu bằng chữ ký số của cơ sở (seal)',
  extend: '  Nâng lên mức hiệu lực dài hạn B-LTA (extend)',
  archive: '  Khóa trong kho lưu trữ (archive)',
};

function printWords({ step, ms }: Step): void {
  console.log(`${(STEP_WORDS[step] ?? step).padEnd(58)} ${String(ms).padStart(6)} ms`);
}

function summary(
  result: { verdict: string; seconds: number; trust: string; documents: readonly DemoDocument[] },
  out: string,
): void {
  console.log(`\nKết quả (result): ${result.verdict}, ${result.seconds} s`);
  for (const one of result.documents) {
    console.log(
      `  ${one.file}\n    ${one.level}, ${one.verdict}, lưu đến hết (kept to the end of) ${lastDay(one.retainUntil)}\n    ${one.legalBasis}`,
    );
  }
  console.log(`\nXem tệp trong (see the files in) ${out}`);
  console.log(`Kiểm tra lại (check again): npx antin validate ${out}/*.pdf --trust ${result.trust}`);
}
