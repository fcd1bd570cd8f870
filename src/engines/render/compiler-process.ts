/**
 * Entry of a typesetting child process. Compilation is one native call that cannot be interrupted, so only a process
 * can be given a hard time limit; and its environment switches the system's fonts off (`FONTCONFIG_FILE`).
 */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProcessAnswer, ProcessStart, TypesettingJob } from './process-messages.ts';
import { createTypesetter, type Typesetter } from './typesetter.ts';

let typesetter: Typesetter | undefined;
let folder: string | undefined;

function answer(message: ProcessAnswer): void {
  process.send?.(message);
}

async function work(message: ProcessStart | TypesettingJob): Promise<ProcessAnswer> {
  if (message.kind === 'start') {
    folder = dirname(message.workspace);
    typesetter = createTypesetter(message);
    return { kind: 'ready' };
  }
  if (typesetter === undefined) return { kind: 'failed', reason: 'job before start' };
  return { kind: 'done', document: await typesetter.typeset(message) };
}

process.on('message', (message: ProcessStart | TypesettingJob) => {
  work(message).then(answer, (error: unknown) => answer({ kind: 'failed', reason: String(error) }));
});
// The renderer has gone, however it went: nobody waits for this process any more, and nobody else cleans up.
process.on('disconnect', () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit();
});
