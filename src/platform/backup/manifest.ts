/** What a backup folder holds, as its `antin-backup.json` tells it. */
import { z } from 'zod';

export const MANIFEST = 'antin-backup.json';
/** `sha256sum --check` reads it too. */
export const HASH_LIST = 'SHA256SUMS';
export const ARCHIVE_LIST = 'archive-objects.jsonl';
export const WORK_LIST = 'work-objects.jsonl';
export const SEALED_SECRETS = 'secrets.sealed';
export const FOLDERS = {
  database: 'database',
  work: 'work',
  archive: 'archive',
  secrets: 'secrets',
  settings: 'settings',
} as const;

/** Whether a path of a backup leads to a place within it: whoever could change a backup must not reach beyond the new place. */
export const staysWithin = (path: string): boolean =>
  !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

const key = z.string().refine(staysWithin);
const count = z.number().int().nonnegative();
const step = z.strictObject({ name: z.string(), sha256: z.string() });

/** Something that the backup should hold and could not get. */
const alarm = z.strictObject({ store: z.enum(['work', 'archive']), key: z.string(), code: z.string() });

export const BACKUP_MANIFEST = z.strictObject({
  format: z.literal('antin-backup'),
  version: z.number().int().positive(),
  /** Of this backup. */
  id: z.uuid(),
  /** Fingerprint of the installation's log key: the same for all backups of one installation. */
  installation: z.string(),
  /** Moment of the snapshot, by the clock of the database. */
  takenAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  schema: z.array(step),
  tables: z.array(z.strictObject({ name: z.string(), columns: z.array(z.string()) })),
  counters: z.array(z.strictObject({ table: z.string(), column: z.string(), last: z.string(), called: z.boolean() })),
  work: z.strictObject({ objects: count, bytes: count }),
  archive: z.strictObject({
    /** Kind of the store that the objects lie in. */
    store: z.string(),
    objects: count,
    bytes: count,
    /** False: listed only, the bytes stay in their locked bucket. */
    copied: z.boolean(),
  }),
  secrets: z.enum(['plain', 'sealed']),
  alarms: z.array(alarm),
});

export type BackupManifest = z.output<typeof BACKUP_MANIFEST>;
export type BackupAlarm = z.output<typeof alarm>;
export const BACKUP_VERSION = 1;

export const WORK_LINE = z.strictObject({ key, sha256: z.string(), size: count });
/** Bytes of a document that is not yet archived. */
export type WorkObject = z.output<typeof WORK_LINE>;

export const ARCHIVE_LINE = z.strictObject({
  key,
  versionId: z.string(),
  sha256: z.string(),
  size: count,
  contentType: z.string(),
  /** What the record asks for (exclusive instant), and what the store was seen to enforce. */
  retainUntil: z.iso.datetime(),
  lockedUntil: z.iso.datetime(),
  hold: z.boolean(),
});
/** A registered archive object. */
export type ArchiveLine = z.output<typeof ARCHIVE_LINE>;
