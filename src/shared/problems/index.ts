/** Every problem the product can name: code → kind, title and what to do, in Vietnamese and English. One file an area. */
import { ARCHIVE_PROBLEMS } from './archive.ts';
import { BACKUP_PROBLEMS } from './backup.ts';
import { CRYPTO_PROBLEMS } from './crypto.ts';
import { FILE_PROBLEMS } from './files.ts';
import { GENERAL_PROBLEMS } from './general.ts';
import { LEGAL_PROBLEMS } from './legal.ts';
import { OPERATION_PROBLEMS } from './operations.ts';
import { PARTIES_PROBLEMS } from './parties.ts';
import { PDF_PROBLEMS } from './pdf.ts';
import { PLATFORM_PROBLEMS } from './platform.ts';
import { PROBE_PROBLEMS } from './probe.ts';
import type { Problem } from './problem.ts';
import { RECORD_PROBLEMS } from './records.ts';
import { RENDER_PROBLEMS } from './render.ts';
import { SIGNING_PROBLEMS } from './signing.ts';
import { STORAGE_PROBLEMS } from './storage.ts';
import { TRUST_PROBLEMS } from './trust.ts';
import { VALIDATION_PROBLEMS } from './validation.ts';

export const PROBLEMS = {
  ...GENERAL_PROBLEMS,
  ...FILE_PROBLEMS,
  ...PDF_PROBLEMS,
  ...CRYPTO_PROBLEMS,
  ...RENDER_PROBLEMS,
  ...PLATFORM_PROBLEMS,
  ...RECORD_PROBLEMS,
  ...SIGNING_PROBLEMS,
  ...PARTIES_PROBLEMS,
  ...ARCHIVE_PROBLEMS,
  ...STORAGE_PROBLEMS,
  ...PROBE_PROBLEMS,
  ...BACKUP_PROBLEMS,
  ...TRUST_PROBLEMS,
  ...VALIDATION_PROBLEMS,
  ...LEGAL_PROBLEMS,
  ...OPERATION_PROBLEMS,
} satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof PROBLEMS;
