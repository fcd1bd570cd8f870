/** One structured log line per request and job. Never a patient's name, PIN, token or document text. */
import { type DestinationStream, pino } from 'pino';

export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  child(fields: Record<string, unknown>): Log;
}

/** Names that never reach a log line, whatever the caller passes. */
const REDACTED = ['pin', 'password', 'secret', 'token', 'authorization', 'content', 'patient', 'name'].flatMap(
  (key) => [key, `*.${key}`],
);

export function createLog(level: string, destination?: DestinationStream): Log {
  const options = { level, redact: { paths: REDACTED, censor: '[redacted]' } };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Swallows everything: for one-shot commands whose output is their answer. */
export const silentLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
  child: () => silentLog,
};
