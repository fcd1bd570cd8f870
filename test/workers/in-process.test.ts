import { expect, test } from 'vitest';
import { silentLog } from '../../src/shared/index.ts';
import { createInProcessRunner } from '../../workers/in-process.ts';
import { testRunner } from './runner-suite.ts';

const { ask, outbox } = testRunner(createInProcessRunner);

test('the only owner of a database takes over at once what a killed process held', async () => {
  await ask('held');
  await outbox().claim({ worker: 'dead', jobs: ['seal'], leaseMs: 3_600_000 });
  const done: string[] = [];
  const runner = createInProcessRunner({
    outbox: outbox(),
    jobs: {
      seal: async (intent) => {
        done.push(`${intent.subject} try ${intent.attempt}`);
      },
    },
    deps: undefined,
    log: silentLog,
    soleOwner: true,
  });
  await runner.start();
  await runner.drain();
  await runner.stop();
  expect(done).toEqual(['held try 2']);
});
