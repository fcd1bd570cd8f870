/** Worker thread that judges PDFs, one after the other. Other people's files may keep it busy for long: whoever waits may end it. */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../shared/index.ts';
import { parseCertificate } from '../crypto/index.ts';
import { inspect } from './inspect.ts';
import { survives } from './survives.ts';
import type { ThreadAnswer, ThreadStart, ThreadTask } from './thread-messages.ts';
import { validate } from './validate.ts';

const start: ThreadStart = workerData;
const trust = {
  anchors: start.anchors.map((der) => parseCertificate(der)),
  timestampAnchors: start.timestampAnchors.map((der) => parseCertificate(der)),
};

function work(task: ThreadTask): ThreadAnswer {
  const options = { file: task.file, at: task.at, ...trust };
  try {
    if (task.verb === 'survives') return { result: survives(task.before, task.after, options) };
    return { result: task.verb === 'inspect' ? inspect(task.pdf, options) : validate(task.pdf, options) };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) return { defect: String(thrown) };
    const { code: problem, detail, mistakes, extra } = thrown;
    return { problem, options: { detail, mistakes, extra } };
  }
}

parentPort?.on('message', (task: ThreadTask) => parentPort?.postMessage(work(task)));
// Loading is not part of the first file's time.
parentPort?.postMessage({ ready: true });
