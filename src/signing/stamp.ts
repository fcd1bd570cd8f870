/** What a signature shows on paper, in Vietnamese (Circular 15/2025/TT-BKHCN Annex II: signer, time). */
import type { Appearance } from '../engines/pades/index.ts';
import { vnDateTime } from '../shared/index.ts';

/** Stamp of a person: name, capacity, time with zone. */
export function personStamp(signer: { name: string; title: string }, at: Date): Appearance {
  return { lines: [signer.name, signer.title, `Ký số: ${vnDateTime(at)}`] };
}

/** Stamp of the facility's seal. */
export function sealStamp(facility: string, at: Date): Appearance {
  return { lines: [facility, 'Chữ ký số của cơ sở', `Ký số: ${vnDateTime(at)}`] };
}
