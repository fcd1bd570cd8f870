import pg from 'pg';
import type { Log } from '../../shared/index.ts';

const RETRY_MS = 1000;

/** Listens on its own connection and comes back when it breaks; then `hear` is called once, for what may have been missed. */
export async function listenOn(url: string, channel: string, hear: () => void, log: Log): Promise<() => Promise<void>> {
  if (!/^[a-z_]+$/.test(channel)) throw new TypeError(`not a channel name: ${channel}`);
  let current: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;

  const connect = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true });
    let broken = false;
    const onBreak = () => {
      if (broken) return;
      broken = true;
      void client.end().catch(() => undefined);
      if (stopped) return;
      log.warn({ channel }, 'the listening database connection broke; connecting again');
      retry = setTimeout(() => void reconnect(), RETRY_MS);
    };
    client.on('error', onBreak);
    client.on('end', onBreak);
    client.on('notification', hear);
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    current = client;
  };
  const reconnect = async (): Promise<void> => {
    try {
      await connect();
      hear();
    } catch {
      if (!stopped) retry = setTimeout(() => void reconnect(), RETRY_MS);
    }
  };

  await connect();
  return async () => {
    stopped = true;
    clearTimeout(retry);
    await current?.end().catch(() => undefined);
  };
}
