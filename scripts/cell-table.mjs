/**
 * Which tests ran in which cell of {filesystem, S3} × {embedded, server PostgreSQL} × {in-process, BullMQ}, from the rows of
 * `project-reporter.mjs`.
 */
const STORES = ['filesystem', 's3'];
const DATABASES = ['embedded', 'server'];
const RUNNERS = ['in-process', 'bullmq'];

/** What is not told through a whole system, but holds a store or a runner of a cell to its contract. */
const CONFORMANCE = {
  'filesystem,embedded,in-process': [/^test\/platform\/filesystem-archive\.test/, /^test\/workers\/in-process\.test/],
  's3,server,bullmq': [/^test\/conformance\/s3\.judge/, /^test\/workers\/bullmq\.judge/, /^test\/production\//],
};
const WHOLE_SYSTEM = /^test\/(journeys|slices)\//;

/** @returns the lines of the table, and the names of cells without a passed test. */
export function cellTable(rows) {
  const cells = STORES.flatMap((store) =>
    DATABASES.flatMap((database) => RUNNERS.map((runner) => `${store},${database},${runner}`)),
  );
  const sum = (some, of) => some.reduce((total, row) => total + row[of], 0);
  const counted = cells.map((cell) => {
    const [first] = cells;
    const stories = rows.filter(
      ({ project, file }) =>
        project === `cell ${cell}` || (cell === first && project === 'quick' && WHOLE_SYSTEM.test(file)),
    );
    const contract = rows.filter(({ file }) => (CONFORMANCE[cell] ?? []).some((pattern) => pattern.test(file)));
    const part = (folder) =>
      sum(
        stories.filter(({ file }) => file.startsWith(`test/${folder}/`)),
        'passed',
      );
    const all = [...stories, ...contract];
    return {
      cell,
      journeys: part('journeys'),
      slices: part('slices'),
      conformance: sum(contract, 'passed'),
      passed: sum(all, 'passed'),
      failed: sum(all, 'failed'),
    };
  });
  const heads = ['store', 'database', 'runner', 'journeys', 'slices', 'conformance', 'passed', 'failed'];
  const table = counted.map(({ cell, journeys, slices, conformance, passed, failed }) => [
    ...cell.split(','),
    ...[journeys, slices, conformance].map((number) => (number === 0 ? '–' : `${number}`)),
    `${passed}`,
    `${failed}`,
  ]);
  const widths = heads.map((head, index) => Math.max(head.length, ...table.map((row) => row[index].length)));
  const line = (row) =>
    row
      .map((text, index) => text.padEnd(widths[index]))
      .join('  ')
      .trimEnd();
  return {
    lines: [heads, ...table].map(line),
    empty: counted.filter(({ passed }) => passed === 0).map(({ cell }) => cell),
  };
}
