/** PostgreSQL as Kysely has it, with transactions that begin when something has to be read or sent early. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  type PostgresPool,
  PostgresQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import { compileTogether, writeOf } from './write-together.ts';

export function postgresDialect(pool: PostgresPool): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => sparingDriver(new PostgresDriver({ pool })),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/**
 * BEGIN is sent with the first query; a transaction whose writes were all put off (`writeTogether`) is one statement,
 * which PostgreSQL commits by itself.
 */
function sparingDriver(driver: PostgresDriver): Driver {
  const inners = new WeakMap<DatabaseConnection, PostgresConnection>();
  const transactions = new WeakMap<DatabaseConnection, OpenTransaction>();
  const inner = (connection: DatabaseConnection): PostgresConnection => {
    const found = inners.get(connection);
    if (found === undefined) throw new TypeError('a connection of another driver');
    return found;
  };
  return {
    init: () => driver.init(),
    destroy: () => driver.destroy(),
    acquireConnection: async () => {
      // Kysely declares less than its own driver asks back.
      const connection = (await driver.acquireConnection()) as PostgresConnection;
      const sparing: DatabaseConnection = {
        executeQuery: async <R>(query: CompiledQuery) => {
          const transaction = transactions.get(sparing);
          if (transaction === undefined) return connection.executeQuery<R>(query);
          const write = writeOf(query);
          if (write === undefined) {
            await transaction.begin();
            await transaction.send();
            return connection.executeQuery<R>(query);
          }
          transaction.writes.push(write);
          if (transaction.writes.length === MOST_TOGETHER) {
            await transaction.begin();
            await transaction.send();
          }
          return { rows: [] };
        },
        streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
      };
      inners.set(sparing, connection);
      return sparing;
    },
    releaseConnection: (connection) => driver.releaseConnection(inner(connection)),
    beginTransaction: async (connection, settings) => {
      transactions.set(connection, openTransaction(driver, inner(connection), settings));
    },
    commitTransaction: async (connection) => {
      const transaction = transactions.get(connection);
      await transaction?.send();
      if (transaction?.begun === true) await driver.commitTransaction(inner(connection));
      transactions.delete(connection);
    },
    rollbackTransaction: async (connection) => {
      const transaction = transactions.get(connection);
      transactions.delete(connection);
      if (transaction?.begun === true) await driver.rollbackTransaction(inner(connection));
    },
  };
}

/** Far below what PostgreSQL takes in one statement. */
const MOST_TOGETHER = 50;

type PostgresConnection = Parameters<PostgresDriver['releaseConnection']>[0];

interface OpenTransaction {
  readonly begun: boolean;
  readonly writes: Parameters<typeof compileTogether>[0][number][];
  begin(): Promise<void>;
  /** Sends what was put off. */
  send(): Promise<void>;
}

function openTransaction(
  driver: PostgresDriver,
  connection: PostgresConnection,
  settings: TransactionSettings,
): OpenTransaction {
  const writes: OpenTransaction['writes'] = [];
  let begun: Promise<void> | undefined;
  return {
    get begun() {
      return begun !== undefined;
    },
    writes,
    begin: () => {
      begun ??= driver.beginTransaction(connection, settings);
      return begun;
    },
    send: async () => {
      if (writes.length > 0) await connection.executeQuery(compileTogether(writes.splice(0)));
    },
  };
}
