/**
 * `npm run stack`: production on this machine without containers (docs/production.md). Ends with Ctrl+C.
 *
 *   --s3 minio|seaweedfs   default: MinIO where it is installed
 *   --data DIR             keeps everything there; default: a temporary folder
 *   --json                 one line when ready
 */
import { parseArgs } from 'node:util';
import { type Stack, type StackOptions, startStack } from './index.ts';

const { values } = parseArgs({
  options: { s3: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const { s3, data, json } = values;
if (s3 !== undefined && s3 !== 'minio' && s3 !== 'seaweedfs') throw new Error(`--s3 ${s3}: minio or seaweedfs`);

const options: StackOptions = {
  ...(s3 === undefined ? {} : { s3 }),
  ...(data === undefined ? {} : { dir: data }),
  ...(json ? {} : { say: (line: string) => console.log(line) }),
};

let stopping = false;
const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // A second one does not wait for anybody; the watchman ends what is left.
      if (stopping) process.exit(1);
      stopping = true;
      resolve();
    });
  }
});
// The children are not kept track of by the event loop; the wish to stop is.
const awake = setInterval(() => undefined, 60_000);
const stack = await startStack(options);
if (json) console.log(JSON.stringify(description(stack)));
else announce(stack);
await asked;
if (!json) console.log('Đang dừng … (stopping)');
await stack.stop();
clearInterval(awake);

function description({ url, caFile, dir, api, workers, postgres, redis, s3, buckets, hospital }: Stack) {
  const processes = [...api, ...workers].map((one) => ({ name: one.name, url: one.url, pid: one.pid() }));
  const engines = [postgres, redis, s3].map(({ name, version }) => `${name} ${version}`);
  return { ready: true, url, caFile, dir, processes, engines, s3: { endpoint: s3.endpoint, ...buckets }, hospital };
}

function announce(stack: Stack): void {
  const { url, caFile, dir, processes, engines, hospital } = description(stack);
  const lines = [
    '',
    `Sẵn sàng (ready): ${url}`,
    `  ${engines.join(' · ')}`,
    ...processes.map(({ name, url: at, pid }) => `  ${name}  ${at}  pid ${pid}`),
    `  Nhật ký (logs)           ${dir}/logs`,
    ...(caFile === undefined ? [] : [`  CA của máy chủ (its CA)  ${caFile}`]),
    '',
    `BẢN THỬ (demonstration): ${hospital.name}`,
    `  Khóa API tiếp nhận (intake)                ${hospital.keys.intake}`,
    `  Khóa API cán bộ lưu trữ (records officer)  ${hospital.keys.recordsOfficer}`,
    `  Khóa API quản trị (admin)                  ${hospital.keys.admin}`,
    '',
    `curl ${caFile === undefined ? '' : `--cacert ${caFile} `}${url}/healthz`,
    '',
    'Dừng (stop): Ctrl+C',
  ];
  console.log(lines.join('\n'));
}
