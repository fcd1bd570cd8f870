/** Typst: texts and data in, PDF/A and the places of the signature boxes out. Runs in its own process. */
import { join } from 'node:path';
import { NodeCompiler, type NodeError } from '@myriaddreamin/typst-ts-node-compiler';
import { type Box, createAssembler } from './assemble.ts';
import type { ProcessStart, TypesetDocument, TypesettingJob } from './process-messages.ts';
import { readStampFont } from './stamp-font.ts';

export interface Typesetter {
  /** Throws an Error whose message says what Typst had to say. */
  typeset(job: TypesettingJob): Promise<TypesetDocument>;
}

interface Mark {
  readonly field: string;
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly 'page-height': number;
}

/** After so long without a document nothing of the last one is kept. */
const IDLE_MS = 2_000;

export function createTypesetter(start: ProcessStart): Typesetter {
  const compiler = NodeCompiler.create({
    workspace: start.workspace,
    fontArgs: [{ fontBlobs: start.fonts.map((font) => Buffer.from(font)) }],
  });
  const assemble = createAssembler(readStampFont(start.stampFont.bytes, start.stampFont.tag));

  /** What documents of one form have in common costs a quarter of the work when it is worked out anew for each. */
  const idle = setTimeout(() => compiler.evictCache(0), IDLE_MS).unref();

  /** Typst reports an unknown font family as a mere warning and leaves the text out: any message is a failure. */
  function refuse(error: NodeError | null): void {
    if (error !== null) throw new Error(JSON.stringify(compiler.fetchDiagnostics(error)));
  }

  function compile(job: TypesettingJob): { pdf: Uint8Array; pages: number; boxes: Box[] } {
    compiler.resetShadow();
    for (const [path, text] of Object.entries(job.texts)) compiler.addSource(join(start.workspace, path), text);
    for (const [path, bytes] of Object.entries(job.pictures)) {
      compiler.mapShadow(join(start.workspace, path), Buffer.from(bytes));
    }
    const result = compiler.compile({
      mainFilePath: join(start.workspace, 'main.typ'),
      inputs: { ...job.inputs },
      resetRead: true,
    });
    refuse(result.takeError());
    refuse(result.takeWarnings());
    const document = result.result;
    if (document === null) throw new Error('Typst gave neither a document nor a message');
    const marks: Mark[] = compiler.query(document, { selector: '<signature-box>', field: 'value' });
    const pdf = compiler.pdf(document, { pdfStandard: job.standard });
    return { pdf, pages: document.numOfPages, boxes: marks.map(boxOf) };
  }

  return {
    async typeset(job) {
      try {
        const { pdf, pages, boxes } = compile(job);
        const slots = job.slots.map(({ field, label }) => {
          const [box, second] = boxes.filter((candidate) => candidate.field === field);
          if (box === undefined || second !== undefined) {
            throw new Error(`the template must have exactly one signature-box("${field}")`);
          }
          return { ...box, label };
        });
        const stray = boxes.find((box) => !job.slots.some((slot) => slot.field === box.field));
        if (stray !== undefined) throw new Error(`signature-box("${stray.field}") is no slot of the form`);
        const assembled = await assemble(pdf, {
          slots,
          sourceJson: job.sourceJson,
          createdAt: job.createdAt,
          accessible: job.standard === 'a-3a',
          useObjectStreams: job.useObjectStreams,
        });
        return { pdf: assembled, pages, slots: slots.map(({ field, page, rect }) => ({ field, page, rect })) };
      } finally {
        // Patient content must not stay in Typst's process-wide cache: what the next document does not use goes with it, and
        // everything when no document comes. The native document is freed only when the event loop turns (without this turn
        // memory grows by half a megabyte a document).
        compiler.resetShadow();
        compiler.evictCache(1);
        idle.refresh();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** Typst measures from the top of the page, PDF from the bottom. Hundredths of a point are enough. */
function boxOf(mark: Mark): Box {
  const round = (value: number): number => Math.round(value * 100) / 100;
  const top = mark['page-height'] - mark.y;
  return {
    field: mark.field,
    page: mark.page,
    rect: [round(mark.x), round(top - mark.height), round(mark.x + mark.width), round(top)],
  };
}
