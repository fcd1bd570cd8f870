import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { job, testRenderer } from './support.ts';

/** 500 here; `ANTIN_RENDER_DOCUMENTS=10000` for the long run. */
const documents = Number(process.env.ANTIN_RENDER_DOCUMENTS ?? 500);
/** The heap of a process grows for so long, and no longer. */
const WARM = 300;

/** Resident megabytes of the one child that sets type. */
function childMegabytes(): number {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status) || !command.includes('compiler-process')) continue;
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    } catch {
      // Ended while we looked.
    }
  }
  throw new Error('no typesetting process');
}

it.skipIf(process.platform !== 'linux')(
  `stays flat in memory over ${documents} documents`,
  async () => {
    const renderer = testRenderer({ recycleAfter: documents + 1 });
    const run = async (count: number): Promise<number> => {
      for (let index = 0; index < count; index++) {
        await renderer.render(job({ data: { text: `Người bệnh số ${index}: ${'diễn biến lâm sàng '.repeat(200)}` } }));
      }
      return childMegabytes();
    };
    const warm = await run(WARM);
    const later = await run(documents - WARM);
    await renderer.close();
    // Documents that are kept cost 0.6 MB each: 120 MB here.
    expect(later - warm).toBeLessThan(40);
  },
  documents * 400,
);
