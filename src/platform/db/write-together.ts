/**
 * Writes of one transaction that go to the server together. Each round trip costs more than the write it carries, so
 * what a transaction only has to write is put off and sent as one statement: before its next query, or at its commit.
 */
import { CompiledQuery, createQueryId, type OperationNode, PostgresQueryCompiler, RawNode, sql } from 'kysely';
import type { ProblemCode } from '../../shared/index.ts';
import type { Tx } from './connection.ts';

/** When a write counts as done; otherwise everything written with it is undone and the transaction throws the problem. */
export interface Condition {
  /** Thrown unless the write touches exactly one row. */
  readonly refusal: ProblemCode;
  /** Or this held when the statement began. */
  readonly or?: { toOperationNode(): OperationNode };
  /** And this held when the statement began. */
  readonly and?: { toOperationNode(): OperationNode };
}

/** An INSERT, UPDATE or DELETE without RETURNING. */
export interface Write {
  toOperationNode(): OperationNode;
}

interface PutOff {
  readonly write: OperationNode;
  readonly condition: Condition | undefined;
}

const putOff = new WeakMap<CompiledQuery, PutOff>();

/**
 * Puts the write off until the next query of `tx` or its commit. Writes that are sent together see the state before all
 * of them, so no two may touch the same row; references between new rows are fine.
 * What goes wrong is thrown then: at that query or by `transaction` itself, with nothing written.
 */
export async function writeTogether(tx: Tx, write: Write, condition?: Condition): Promise<void> {
  const marker = CompiledQuery.raw('');
  putOff.set(marker, { write: write.toOperationNode(), condition });
  await tx.executeQuery(marker);
}

export const writeOf = (query: CompiledQuery): PutOff | undefined => putOff.get(query);

/** All of them as one statement, conditions checked in their order. */
export function compileTogether(writes: readonly PutOff[]): CompiledQuery {
  const texts = ['WITH '];
  const nodes: OperationNode[] = [];
  const add = (text: string, node?: OperationNode): void => {
    texts[texts.length - 1] += text;
    if (node === undefined) return;
    nodes.push(node);
    texts.push('');
  };
  const addCondition = (i: number, { refusal, or, and }: Condition): void => {
    add(`refuse_unless((SELECT count(*) FROM w${i}) = 1`);
    if (or !== undefined) add(' OR ', or.toOperationNode());
    if (and !== undefined) add(' AND ', and.toOperationNode());
    add(', ', sql.lit(refusal).toOperationNode());
    add(')');
  };
  for (const [i, { write }] of writes.entries()) {
    add(`${i === 0 ? '' : ', '}w${i} AS (`, write);
    add(' RETURNING 1)');
  }
  add(' SELECT ');
  for (const [i, { condition }] of writes.entries()) {
    if (i > 0) add(', ');
    // Asked for in this order, the writes are also made in it.
    if (condition === undefined) add(`(SELECT count(*) FROM w${i})`);
    else addCondition(i, condition);
  }
  return new PostgresQueryCompiler().compileQuery(RawNode.create(texts, nodes), createQueryId());
}

/** SQLSTATE of a condition that did not hold (`refuse_unless`); the message is the code of the problem. */
export const REFUSED = 'AN001';
