/** How long Typst takes for a form. Its process is warm: the first documents pay for the start. */
import type { Figure, Row, Section } from './figures.ts';
import { cpuNow } from './figures.ts';
import type { Materials } from './materials.ts';
import { childrenCpu } from './processes.ts';

const RUNS = 30;

export async function measureRendering({ renderer, jobs }: Materials): Promise<Section> {
  const rows: Row[] = [];
  for (const [form, job] of jobs) {
    await renderer.render(job);
    const typstBefore = childrenCpu()?.typst;
    const ownBefore = cpuNow();
    const begun = performance.now();
    let size = 0;
    for (let run = 0; run < RUNS; run += 1) size = (await renderer.render(job)).pdf.length;
    const elapsed = performance.now() - begun;
    const own = (cpuNow() - ownBefore) / RUNS;
    const typst = childrenCpu()?.typst;
    const figures: Figure[] = [
      { quantity: 'wall', value: elapsed / RUNS, unit: 'ms' },
      { quantity: 'CPU of this process', value: own, unit: 'ms' },
    ];
    if (typst !== undefined && typstBefore !== undefined) {
      figures.push({ quantity: 'CPU of Typst', value: (typst - typstBefore) / RUNS, unit: 'ms' });
    }
    rows.push({ name: form, figures: [...figures, { quantity: 'size', value: size, unit: 'bytes' }] });
  }
  return { title: 'Rendering, one document', rows };
}
