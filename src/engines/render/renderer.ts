/** The engine's verbs: guards first, then the process that sets type. */
import { AppError, nfc } from '../../shared/index.ts';
import type { JsonObject, Renderer, RendererOptions, RenderJob, Rendition, ScanJob } from './contract.ts';
import { LIBRARY, SCAN_TEMPLATE } from './library.ts';
import { createPrintable, refuseUnprintable } from './printable.ts';
import type { TypesettingJob } from './process-messages.ts';
import { createProcessPool } from './process-pool.ts';
import { qrSvg } from './qr.ts';
import { readScanImage } from './scan-image.ts';

const SLOT_FIELD = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/**
 * Starts no process yet: the first job does. `close` it when done.
 * Each process needs about 150 MB, and about 20 ms of CPU a one-page form.
 */
export function createRenderer(options: RendererOptions): Renderer {
  const printable = createPrintable(options.fonts);
  const pool = createProcessPool({
    fonts: options.fonts,
    stampFont: { bytes: options.stampFont.bytes, tag: options.stampFont.name.slice(0, 6) },
    processes: options.processes ?? 1,
    timeLimitMs: options.timeLimitMs ?? 60_000,
    recycleAfter: options.recycleAfter ?? 5_000,
  });

  function guard(job: RenderJob | ScanJob): void {
    const printed =
      'data' in job
        ? { title: job.title, author: job.author, data: job.data }
        : { title: job.title, author: job.author };
    refuseUnprintable(printable.mistakes(printed, ''));
  }

  async function run(job: TypesettingJob): Promise<Rendition> {
    const { pdf, pages, slots } = await pool.run(job);
    return { pdf, pages, slots, sourceJson: job.sourceJson };
  }

  return {
    async render(job) {
      guard(job);
      for (const text of [job.template, ...Object.values(job.sources)]) refuseImpure(text);
      for (const { field } of job.slots) {
        if (!SLOT_FIELD.test(field)) throw new AppError('RENDER_FAILED', { cause: `"${field}" is no field name` });
      }
      return run({
        kind: 'job',
        standard: 'a-3a',
        texts: { ...job.sources, '/antin.typ': LIBRARY, '/main.typ': job.template },
        pictures: {},
        inputs: { ...inputs(job, options.fontFamily), data: jsonOf(job.data), qr: qrSvg(job.lookupUrl) },
        slots: job.slots,
        sourceJson: job.sourceJson,
        createdAt: job.createdAt,
        useObjectStreams: job.useObjectStreams ?? false,
      });
    },
    async renderScan(job) {
      guard(job);
      if (job.pages.length === 0) {
        throw new AppError('SCAN_UNREADABLE', {
          detail: { vi: 'Không có trang quét nào', en: 'There is no scanned page' },
        });
      }
      const pages = job.pages.map((bytes, index) => {
        const { extension, landscape } = readScanImage(bytes, index + 1);
        return { path: `/page-${index + 1}.${extension}`, landscape, bytes };
      });
      const data = { pages: pages.map(({ path, landscape }) => ({ path, landscape })) };
      const typesetting: TypesettingJob = {
        kind: 'job',
        standard: 'a-3b',
        texts: { '/antin.typ': LIBRARY, '/main.typ': SCAN_TEMPLATE },
        pictures: Object.fromEntries(pages.map(({ path, bytes }) => [path, bytes])),
        inputs: { ...inputs(job, options.fontFamily), data: JSON.stringify(data), qr: '' },
        slots: [],
        sourceJson: job.sourceJson,
        createdAt: job.createdAt,
        useObjectStreams: false,
      };
      try {
        return await run(typesetting);
      } catch (error) {
        // The template is ours and the guards have passed: what Typst refuses now is a picture that cannot be decoded.
        const refused =
          error instanceof AppError && typeof error.cause === 'string' && /decode|image/i.test(error.cause);
        throw refused ? new AppError('SCAN_UNREADABLE', { cause: error.cause }) : error;
      }
    },
    close: () => pool.close(),
  };
}

/**
 * Values are composed before they are written as JSON: in the written text a line feed stands as `\n`, and a combining mark
 * after it would compose with that `n`.
 */
const jsonOf = (data: JsonObject): string =>
  JSON.stringify(data, (_, value: unknown) => (typeof value === 'string' ? nfc(value) : value));

function inputs(job: RenderJob | ScanJob, font: string): Record<string, string> {
  const at = job.createdAt;
  const created = [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
  ];
  return {
    title: nfc(job.title),
    author: nfc(job.author),
    created: JSON.stringify(created),
    demo: job.demo ? 'yes' : 'no',
    font,
  };
}

/** Packages come from the network, and today's date breaks identical reruns: neither belongs in a form. */
function refuseImpure(template: string): void {
  const impure = /"@[a-z]+\/|datetime\.today/.exec(template);
  if (impure !== null) throw new AppError('RENDER_FAILED', { cause: `a template may not use ${impure[0]}` });
}
