import { AppError, type ProblemCode } from '../../shared/index.ts';
import { REFUSED } from './write-together.ts';

/** SQLSTATE classes and system errors that mean: the server is away, try later. */
const AWAY = /^(08...|57P0[123]|53...|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN)$/;

/** What the driver threw as one of our problems, where it is one: a refused condition, a server that is away. */
export function connectionError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const { code } = error as { code?: unknown };
  if (code === REFUSED) return new AppError(error.message as ProblemCode);
  const away =
    (typeof code === 'string' && AWAY.test(code)) ||
    /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/i.test(error.message);
  return away ? new AppError('DATABASE_UNREACHABLE', { cause: error }) : error;
}
