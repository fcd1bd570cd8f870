/** Where database, keys and settings of a configuration lie, for commands that copy an installation. Nothing is started. */
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { BackupPart } from '../platform/backup/index.ts';
import type { DatabasePlace } from '../platform/db/index.ts';
import { shipped } from './with-antin.ts';

export interface Installation {
  readonly dataDir: string;
  readonly keysDir: string;
  readonly database: DatabasePlace;
  /** Files that only the owner may read, by their names in a backup. */
  readonly secrets: readonly BackupPart[];
  /** Trust anchors, retention rules, own forms. */
  readonly settings: readonly BackupPart[];
}

export function installation(config: Config): Installation {
  const dataDir = resolve(config.DATA_DIR);
  const keysDir = config.KEYS_DIR === undefined ? join(dataDir, 'keys') : resolve(config.KEYS_DIR);
  return {
    dataDir,
    keysDir,
    database:
      config.DATABASE_URL === undefined
        ? { dataDir: join(dataDir, 'db'), stateDir: config.STATE_DIR }
        : { url: config.DATABASE_URL },
    secrets: [
      { as: 'keys', from: keysDir },
      { as: 'authority', from: join(dataDir, 'authority') },
      { as: 'demo-hospital.json', from: join(dataDir, 'demo-hospital.json') },
    ],
    settings: [
      { as: 'trust', from: resolve(config.TRUST_DIR ?? shipped('certs', 'trust')) },
      { as: 'policies', from: resolve(config.POLICIES_DIR ?? shipped('storage-policies')) },
      ...(config.UPSTREAM_CA_DIR === undefined ? [] : [{ as: 'upstream-ca', from: resolve(config.UPSTREAM_CA_DIR) }]),
      ...(config.FORMS_DIR === undefined ? [] : [{ as: 'forms', from: resolve(config.FORMS_DIR) }]),
    ],
  };
}
