/** Every setting that there is, by topic; read by `config.ts`. */
import { DOORS } from './doors.ts';
import { INSTALLATION } from './installation.ts';
import { STORES } from './stores.ts';
import { UPSTREAMS } from './upstreams.ts';

export type { Setting } from './setting.ts';

export const SETTINGS = { ...INSTALLATION, ...DOORS, ...STORES, ...UPSTREAMS } as const;
