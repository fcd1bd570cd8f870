/** Storing what was made outside a transaction, which others may have overtaken. */
import type { Tx } from '../platform/db/index.ts';
import { AppError } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';

/** Stores a result in one transaction. Somebody appended first: look again later, never force. @throws DOCUMENT_BUSY then. */
export async function storeOrRetry({ database }: SigningDeps, writes: (tx: Tx) => Promise<void>): Promise<void> {
  try {
    await database.transaction(writes);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'REVISION_STALE') {
      throw new AppError('DOCUMENT_BUSY', { cause: thrown });
    }
    throw thrown;
  }
}
