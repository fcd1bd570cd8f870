/** One structured log line per request and job. Never a patient's name, PIN, token or document text. */
import { type DestinationStream, pino } from 'pino';
import { loggableError } from './loggable-error.ts';
import { currentRequestId } from './request-id.ts';

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

/** Lines of code that runs for a request (`withRequestId`) carry its id. Errors are written as `loggableError` tells them. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    redact: { paths: REDACTED, censor: '[redacted]' },
    serializers: { err: loggableError, unwritten: loggableError },
    mixin: () => {
      const requestId = currentRequestId();
      return requestId === undefined ? {} : { requestId };
    },
  };
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
