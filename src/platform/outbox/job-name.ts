/** What can be asked of a worker. Each has one function in `workers/jobs/`. */
export type JobName = 'timestamp' | 'seal' | 'extend' | 'archive';
