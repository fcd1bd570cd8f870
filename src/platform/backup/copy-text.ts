/** Rows in the text format of COPY: a line a row, tabs between values, `\` before what would be mistaken for either. */
import { Readable } from 'node:stream';

/** Changes the values of rows by column; what `change` does not name stays as it is, byte for byte. */
export function changeRows(
  rows: Readable,
  columns: readonly string[],
  change: (value: (column: string) => string) => Readonly<Record<string, string>> | undefined,
): Readable {
  return Readable.from(changedLines(rows, columns, change));
}

async function* changedLines(
  rows: Readable,
  columns: readonly string[],
  change: Parameters<typeof changeRows>[2],
): AsyncIterable<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of rows) {
    const text = Buffer.concat([rest, chunk as Buffer]);
    const end = text.lastIndexOf(0x0a) + 1;
    rest = text.subarray(end);
    const lines = text.subarray(0, end).toString('utf8').split('\n');
    lines.pop();
    if (lines.length > 0) yield Buffer.from(lines.map((line) => `${changedLine(line, columns, change)}\n`).join(''));
  }
}

function changedLine(line: string, columns: readonly string[], change: Parameters<typeof changeRows>[2]): string {
  const values = line.split('\t');
  const changed = change((column) => values[columns.indexOf(column)] ?? '');
  if (changed === undefined) return line;
  for (const [column, value] of Object.entries(changed)) values[columns.indexOf(column)] = escaped(value);
  return values.join('\t');
}

function escaped(value: string): string {
  return value.replace(/[\\\t\n\r]/g, (mark) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r' })[mark] ?? '\\\\');
}
