/** Judging files beside the event loop: the same answers, and an end to files that take too long. */
import { afterAll, expect, it } from 'vitest';
import { createValidationThreads, sign, survives, validate } from '../../../src/engines/pades/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { localSigner, TEST_NOW, testAuthority } from '../../support/authority.ts';
import { buildPdf, ONE_PAGE } from '../pdf/build-pdf.ts';
import { heavyPdf } from '../pdf/heavy-pdf.ts';

const { cast, timestamp, authority } = await testAuthority();
const [doctor, head] = Object.values(cast).map((identity) => localSigner(identity));
if (doctor === undefined || head === undefined) throw new Error('The cast is too small');

const trust = { anchors: [authority.root], timestampAnchors: [authority.root] };
const question = { file: 'a.pdf', at: TEST_NOW };
const paper = buildPdf(ONE_PAGE, 'table');
const once = (await sign(paper, doctor, { field: 'A', newField: 'invisible', claimedTime: TEST_NOW, timestamp })).pdf;
const twice = (await sign(once, head, { field: 'B', newField: 'invisible', claimedTime: TEST_NOW, timestamp })).pdf;

const threads = createValidationThreads({ ...trust, threads: 2 });
const impatient = createValidationThreads({ ...trust, timeLimitMs: 500 });
const poor = createValidationThreads({ ...trust, heapMegabytes: 24 });
afterAll(() => Promise.all([threads.close(), impatient.close(), poor.close()]));

async function problemOf(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  );
  if (thrown instanceof AppError) return thrown;
  throw new Error(`not refused with a problem: ${thrown}`);
}

it('says of every file what the engine says on the spot', async () => {
  const files = [paper, once, twice, Buffer.from('no PDF'), twice.subarray(0, twice.length - 900)];
  const reports = await Promise.all(files.map((pdf) => threads.validate(pdf, question)));
  expect(reports).toEqual(files.map((pdf) => validate(pdf, { ...question, ...trust })));
  expect(reports.map(({ verdict }) => verdict).slice(0, 4)).toEqual([
    'NO-SIGNATURE',
    'INDETERMINATE',
    'INDETERMINATE',
    'NOT-A-PDF',
  ]);
});

it('brings problems back as they were thrown', async () => {
  await expect(threads.inspect(twice, question)).resolves.toMatchObject({
    pages: 1,
    verdict: { signatures: [{}, {}] },
  });
  await expect(threads.inspect(paper, question)).resolves.toEqual({ pages: 1, verdict: undefined });
  const tail = Buffer.concat([paper, Buffer.from('and some more')]);
  const foreign = await problemOf(threads.inspect(tail, question));
  expect(foreign.code).toBe('PDF_NOT_ACCEPTED');
  expect(foreign.detail.vi).toBe('Có dữ liệu lạ sau phần cuối của tệp PDF');

  await expect(threads.survives(once, twice, question)).resolves.toEqual(
    survives(once, twice, { ...question, ...trust }),
  );
  const lost = await problemOf(threads.survives(twice, once, question));
  expect(lost.code).toBe('SIGNATURE_SURVIVAL');
});

it('ends a file that takes too long, and goes on with the next one', async () => {
  const [long, next] = await Promise.all([
    problemOf(impatient.inspect(heavyPdf(800_000), question)),
    impatient.inspect(paper, question),
  ]);
  expect(long).toMatchObject({ code: 'VALIDATION_TOO_COSTLY', kind: 'invalid' });
  expect(next.pages).toBe(1);
});

it('ends a file that takes too much memory, and goes on with the next one', async () => {
  const [greedy, next] = await Promise.all([
    problemOf(poor.inspect(heavyPdf(800_000), question)),
    poor.inspect(paper, question),
  ]);
  expect(greedy.code).toBe('VALIDATION_TOO_COSTLY');
  expect(next.pages).toBe(1);
});

it('keeps this thread free meanwhile', async () => {
  let turns = 0;
  let done = false;
  const judged = threads.inspect(heavyPdf(100_000), question).finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    turns += 1;
  }
  await judged;
  // Were it judged here, there would have been one turn.
  expect(turns).toBeGreaterThan(20);
});

it('is closed in the middle of its work', async () => {
  const closing = createValidationThreads(trust);
  const waiting = [closing.inspect(heavyPdf(200_000), question), closing.inspect(paper, question)];
  const ends = Promise.allSettled(waiting);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await closing.close();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(closing.validate(paper, question)).rejects.toThrow('closed');
});
