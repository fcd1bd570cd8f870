import type { Readable } from 'node:stream';
import type { TableShape } from '../db/index.ts';
import { changeRows } from './copy-text.ts';

/**
 * Rows of `archive_object`, as COPY text: the registration follows its object to another store and version, by key. The receipts that
 * people hold keep the name that it had when they were given.
 */
export function movedObjects(
  rows: Readable,
  table: TableShape,
  kind: string,
  renamed: ReadonlyMap<string, string>,
): Readable {
  return changeRows(rows, table.columns, (value) => {
    const versionId = renamed.get(value('object_key'));
    return versionId === undefined ? undefined : { store: kind, version_id: versionId };
  });
}
