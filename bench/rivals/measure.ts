/** How fast one thing is. `missing` says why it could not be measured on this machine. */
export type Rate =
  | { name: string; ratePerSecond: number; cpuMs: number; missing?: undefined }
  | { name: string; missing: string };

/**
 * Runs `work` again and again: first unmeasured for a third of the time (caches, just-in-time compiler), then for `seconds`.
 * `ratePerSecond` is by the wall clock; `cpuMs` is processor time of this whole process per run, in milliseconds.
 */
export async function measure(name: string, seconds: number, work: () => unknown): Promise<Rate> {
  const warm = performance.now() + (seconds * 1000) / 3;
  do await work();
  while (performance.now() < warm);
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  let runs = 0;
  let elapsed = 0;
  do {
    await work();
    runs += 1;
    elapsed = performance.now() - begun;
  } while (elapsed < seconds * 1000);
  const cpu = process.cpuUsage(cpuBefore);
  return { name, ratePerSecond: (runs * 1000) / elapsed, cpuMs: (cpu.user + cpu.system) / 1000 / runs };
}

/** Measures, or says in one line why it could not be done. A rival that is not there must not end the whole benchmark. */
export async function orMissing(name: string, attempt: () => Promise<Rate[]>): Promise<Rate[]> {
  try {
    return await attempt();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [{ name, missing: text.trim().split('\n').at(-1) ?? text }];
  }
}
