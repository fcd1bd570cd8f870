/** Figures for people and for machines. */
import type { Figure, Row, Section } from './figures.ts';

export interface JsonFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** One entry a figure; its name holds section, line and quantity, and is unique. */
export function toJson(sections: readonly Section[]): JsonFigure[] {
  return sections.flatMap(({ title, rows }) =>
    rows.flatMap(({ name, figures }) =>
      figures.map(({ quantity, value, unit }) => ({
        name: `${title}: ${name}: ${quantity}`,
        value: Number(value.toPrecision(6)),
        unit,
      })),
    ),
  );
}

/** A section as text: a title, then one line a row, quantities in columns. A goal that is missed is marked `✗`. */
export function toText({ title, rows }: Section): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const cells = rows.map(({ figures }) => figures.map(cellText));
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map(({ name, note }: Row, index) => {
    const shown = cells[index]?.map((cell, column) => cell.padEnd(widths[column] ?? 0)) ?? [];
    return ['  ', name.padEnd(width), '  ', shown.join('   '), note === undefined ? '' : `  (${note})`]
      .join('')
      .trimEnd();
  });
  return [title, ...lines].join('\n');
}

function cellText({ quantity, value, unit, goal }: Figure): string {
  const stated = `${quantity} ${numberText(value)}${unit === '1/s' ? '/s' : unit === '×' ? ' ×' : ` ${unit}`}`;
  if (goal === undefined) return stated;
  const [met, sign, limit] =
    'atMost' in goal ? [value <= goal.atMost, '≤', goal.atMost] : [value >= goal.atLeast, '≥', goal.atLeast];
  return `${stated} ${met ? '✓' : '✗'} goal ${sign} ${limit}`;
}

/** Three significant digits, no exponent. */
function numberText(value: number): string {
  const decimals = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(3, decimals));
}
