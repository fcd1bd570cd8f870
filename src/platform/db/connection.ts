import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** Something to read from. A transaction is one too. */
export type Db = Kysely<Schema>;
/** A running transaction: whoever takes one writes with the caller's other writes, or not at all. */
export type Tx = Transaction<Schema>;
