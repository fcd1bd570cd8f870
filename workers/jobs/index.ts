/** The one table of jobs: the same in process and under a queue. */
import { archive } from './archive.ts';
import type { JobDeps } from './deps.ts';
import { extend } from './extend.ts';
import type { Jobs } from './job.ts';
import { seal } from './seal.ts';
import { timestamp } from './timestamp.ts';

export type { JobDeps } from './deps.ts';

export const JOBS: Jobs<JobDeps> = { timestamp, seal, extend, archive };
