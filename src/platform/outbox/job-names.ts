/** What can be asked of a worker. Each has one function in `workers/jobs/`. */
export const JOB_NAMES = ['timestamp', 'seal', 'extend', 'archive'] as const;

export type JobName = (typeof JOB_NAMES)[number];
