import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Free ports of the loopback interface, below the range from which the system gives ports to clients: while a killed service is down,
 * no connection of somebody else takes its port, and a client that knocks in vain does not connect to itself.
 */
export async function freePorts(count: number): Promise<[number, ...number[]]> {
  const found = new Set<number>();
  while (found.size < Math.max(count, 1)) {
    const port = randomInt(15_000, 32_000);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found] as [number, ...number[]];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
