/** The tools that break things must break exactly what they say. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fault } from '../../scripts/faults/fault.ts';
import { createChance } from '../../scripts/faults/random.ts';
import { planWaves, wavesInWords } from '../../scripts/faults/schedule.ts';
import { openTcpProxy, type TcpProxy } from '../../scripts/faults/tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
let requests: string[] = [];
let url = '';

beforeEach(async () => {
  requests = [];
  server = createServer(async (request, response) => {
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) size += piece.length;
    requests.push(`${request.method} ${size}`);
    response.end('x'.repeat(100_000));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await openTcpProxy({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 }, () => 0.5);
  url = `http://127.0.0.1:${proxy.port}/`;
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

const put = (bytes: number): Promise<string> =>
  fetch(url, { method: 'PUT', body: 'y'.repeat(bytes) }).then((answer) => answer.text());
const get = (): Promise<string> => fetch(url).then((answer) => answer.text());

test('in fine weather everything goes through whole', async () => {
  const answers = await Promise.all([get(), put(300_000), get()]);
  expect(answers.map((answer) => answer.length)).toEqual([100_000, 100_000, 100_000]);
  expect(requests.toSorted()).toEqual(['GET 0', 'GET 0', 'PUT 300000']);
});

test('a lost answer: the service has done it, the client hears nothing', async () => {
  proxy.set({ lostAnswers: 1, lostOnlyAfter: 'PUT ' });
  await expect(put(300_000)).rejects.toThrow();
  expect(requests).toEqual(['PUT 300000']);
  expect(proxy.lost()).toBe(1);
  expect((await get()).length).toBe(100_000);
  proxy.set({});
  expect((await put(10)).length).toBe(100_000);
  expect(proxy.lost()).toBe(1);
});

test('chance decides how many are lost', async () => {
  proxy.set({ lostAnswers: 0.4 });
  expect((await get()).length).toBe(100_000);
  proxy.set({ lostAnswers: 0.6 });
  await expect(get()).rejects.toThrow();
});

test('a slow line keeps every byte in its order', async () => {
  proxy.set({ latencyMs: 30, bytesPerSecond: 2_000_000 });
  const begun = performance.now();
  expect(await get()).toBe('x'.repeat(100_000));
  // 50 ms for the bytes and 30 ms for the way.
  expect(performance.now() - begun).toBeGreaterThan(70);
});

test('an unreachable service resets', async () => {
  proxy.set({ unreachable: true });
  await expect(get()).rejects.toThrow();
  expect(requests).toEqual([]);
});

const fault = (name: string, target: string): Fault => ({
  name,
  kind: 'killed',
  target,
  lasts: [100, 900],
  begin: async () => undefined,
  end: async () => undefined,
});

test('the same seed plans the same waves; each fault comes once a round, two of one target never together', () => {
  const faults = [
    ...['a', 'b', 'c', 'd', 'e'].map((name) => fault(name, name)),
    fault('b again', 'b'),
    fault('all of it', 'everything'),
  ];
  const plan = (seed: number) => planWaves(faults, createChance(seed), { rounds: 3, together: 3 });
  expect(wavesInWords(plan(7))).toEqual(wavesInWords(plan(7)));
  expect(wavesInWords(plan(7))).not.toEqual(wavesInWords(plan(8)));
  for (const wave of plan(7)) {
    const targets = wave.map((planned) => planned.fault.target);
    expect(new Set(targets).size).toBe(targets.length);
    if (targets.includes('everything')) expect(targets).toEqual(['everything']);
  }
  const names = plan(7).flatMap((wave) => wave.map((planned) => planned.fault.name));
  expect(names.toSorted()).toEqual(faults.flatMap(({ name }) => [name, name, name]).toSorted());
});
