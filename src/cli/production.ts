/** What the processes of production have in common: the settings they need, their ports, an orderly end. */
import closeWithGrace from 'close-with-grace';
import { createOperationsApp, openServer, type RunningServer } from '../api/index.ts';
import type { Antin } from '../compose/index.ts';
import { type Config, heldSocket, loadConfig } from '../config.ts';
import { AppError, createLog, type Log } from '../shared/index.ts';

/** Settings of a process that shares its stores with others. @throws CONFIG_INVALID, also without DATABASE_URL. */
export function sharedConfig(overrides: Parameters<typeof loadConfig>[0] = {}): Config {
  const config = loadConfig(overrides);
  if (config.DATABASE_URL !== undefined) return config;
  const vi = 'DATABASE_URL bắt buộc: cơ sở dữ liệu nhúng chỉ dùng được trong một tiến trình (`antin start`)';
  const en = 'DATABASE_URL is required: the embedded database belongs to one process (`antin start`)';
  throw new AppError('CONFIG_INVALID', {
    detail: { vi, en },
    mistakes: [{ path: '/DATABASE_URL', code: 'CONFIG_INVALID', vi, en }],
  });
}

/** The log of one of several processes: each line says whose. */
export function processLog(config: Config, name: 'api' | 'worker'): Log {
  return createLog(config.LOG_LEVEL).child({ process: name, pid: process.pid });
}

/** The port of METRICS_PORT, if it is set. @throws PORT_UNAVAILABLE. */
export async function openOperations(config: Config, antin: Antin): Promise<RunningServer | undefined> {
  if (config.METRICS_PORT === undefined) return undefined;
  const { HOST: host, METRICS_PORT: port } = config;
  return openServer(createOperationsApp(antin), { host, port, bodyTimeoutMs: 10_000 });
}

/**
 * The port that people and systems come to (the socket that systemd holds, if it does), and that of METRICS_PORT if it is set:
 * both or none. @throws PORT_UNAVAILABLE.
 */
export async function openPorts(
  config: Config,
  antin: Antin,
): Promise<{ readonly server: RunningServer; readonly operations: RunningServer | undefined }> {
  const operations = await openOperations(config, antin);
  try {
    const { HOST: host, PORT: port } = config;
    const bodyTimeoutMs = config.BODY_TIMEOUT_SECONDS * 1000;
    const socket = heldSocket();
    return { server: await openServer(antin.app, { host, port, socket, bodyTimeoutMs }), operations };
  } catch (thrown) {
    await operations?.close(0);
    throw thrown;
  }
}

/** Begins what a process is there for; where that fails, what holds the process is closed again, so that it ends and says why. */
export async function beginOrClose(antin: Antin, begin: () => Promise<void>): Promise<void> {
  try {
    await begin();
  } catch (thrown) {
    await antin.close();
    throw thrown;
  }
}

/**
 * Runs `end` once when the process is asked to end (SIGTERM, Ctrl+C) or has failed beyond repair, then exits: 0, or 1 after
 * a failure. Who takes longer than `mostMs` is cut off.
 */
export function endWhenAsked(log: Log, mostMs: number, end: () => Promise<void>): void {
  closeWithGrace({ delay: mostMs, logger: false }, async ({ err, signal }) => {
    if (err === undefined) log.info({ signal }, 'ending as asked');
    else log.error({ err }, 'stopping after an error');
    await end();
    log.info({}, 'ended');
  });
}
