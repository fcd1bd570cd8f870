/** Text as it is stored: NFC, trimmed, plain line feeds and blanks. Everything else in a JSON value stays as it came. */
import type { Json } from '../engines/render/index.ts';
import { nfc } from '../shared/index.ts';

/** Deeper than any form; protects the recursion. */
const MAX_DEPTH = 16;

/** `undefined` if the value is no plain JSON, or nested too deep. */
export function tidy(value: unknown, depth = 0): Json | undefined {
  if (typeof value === 'string') return tidyText(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const list = value.map((member) => tidy(member, depth + 1));
    return list.every((member) => member !== undefined) ? list : undefined;
  }
  const members: [string, Json][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const tidied = tidy(member, depth + 1);
    if (tidied === undefined) return undefined;
    members.push([key, tidied]);
  }
  return Object.fromEntries(members);
}

/** A no-break blank has the glyph of a blank and would not come back when text is read from the paper. */
function tidyText(text: string): string {
  const plain = text.replace(/\r\n?/g, '\n').replaceAll('\u00a0', ' ');
  return nfc(plain.replace(/^[ \n]+|[ \n]+$/g, ''));
}
