import type { Renderer } from '../../engines/render/index.ts';

/** The same renderer; `count` is told how long each job took, whether it succeeded or not. */
export function measuredRenderer(renderer: Renderer, count: (seconds: number) => void): Renderer {
  const measured = async <T>(work: Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await work;
    } finally {
      count((performance.now() - began) / 1000);
    }
  };
  return {
    ...renderer,
    render: (job) => measured(renderer.render(job)),
    renderScan: (job) => measured(renderer.renderScan(job)),
  };
}
