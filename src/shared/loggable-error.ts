/**
 * An error as it may stand in a log: what kind it was and where it came from, not what it was about. Libraries put the values they
 * stumbled over into messages and properties (a database the row that is already there, a parser the text before the mistake), and
 * those are a patient's.
 */
import { AppError } from './errors.ts';

export interface LoggableError {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  /** Of a database error: what it was about, by the names of the schema. */
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The calls that led there, innermost first. */
  readonly at?: readonly string[];
  readonly cause?: LoggableError;
  readonly errors?: readonly LoggableError[];
}

const MOST_CAUSES = 5;
const MOST_FRAMES = 12;

/** Never throws, whatever was thrown. */
export function loggableError(thrown: unknown, depth = 0): LoggableError {
  if (!(thrown instanceof Error)) return { type: typeof thrown };
  const at = framesOf(thrown);
  return {
    type: thrown.name,
    ...text(thrown, 'code'),
    ...messageOf(thrown),
    ...text(thrown, 'table'),
    ...text(thrown, 'column'),
    ...text(thrown, 'constraint'),
    ...(at.length === 0 ? {} : { at }),
    ...(thrown.cause === undefined || depth >= MOST_CAUSES ? {} : { cause: loggableError(thrown.cause, depth + 1) }),
    ...(thrown instanceof AggregateError && depth < MOST_CAUSES
      ? { errors: thrown.errors.slice(0, MOST_CAUSES).map((one) => loggableError(one, depth + 1)) }
      : {}),
  };
}

/**
 * Our own messages hold no patient data by contract; those of the system (it has a `syscall`) name machines and files; those of a
 * wrong program name variables. All others may quote what they were given.
 */
function messageOf(error: Error): { message?: string } {
  const isOurs = error instanceof AppError;
  const isOfSystem = 'syscall' in error;
  const isOfProgram = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isOurs || isOfSystem || isOfProgram ? { message: error.message.slice(0, 500) } : {};
}

function text(error: Error, name: 'code' | 'table' | 'column' | 'constraint'): Record<string, string> {
  const value = (error as Error & Partial<Record<typeof name, unknown>>)[name];
  return typeof value === 'string' || typeof value === 'number' ? { [name]: String(value).slice(0, 100) } : {};
}

/** The stack without its first lines, which repeat the message. */
function framesOf({ stack }: Error): string[] {
  const frames = (typeof stack === 'string' ? stack : '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames.slice(0, MOST_FRAMES).map((line) => line.trim().slice(0, 300));
}
