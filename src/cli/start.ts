/** `antin start`: everything in one process on embedded defaults: API, pages, workers. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { compose } from '../compose/index.ts';
import { loadConfig } from '../config.ts';
import { createLog } from '../shared/index.ts';
import { type DemoHospital, openDemoHospital } from './demo-hospital.ts';
import { takenInWords } from './intake.ts';
import { beginOrClose, endWhenAsked, openPorts } from './production.ts';
import { openWatchedFolder } from './watched-folder.ts';
import { composeOptions } from './with-antin.ts';

interface StartOptions {
  readonly port?: string;
  readonly data?: string;
  readonly intake?: string;
  readonly facility: string;
  readonly json: boolean;
}

export function addStart(program: Command): void {
  program
    .command('start')
    .description('Chạy trọn hệ thống trong một tiến trình · Run everything in one process')
    .option('--port <number>', 'port to listen on (PORT)')
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--intake <dir>', 'also take PDF + JSON pairs from this folder')
    .option('--facility <code>', 'facility that the folder belongs to', '00001')
    .option('--json', 'one JSON line when ready', false)
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  const config = loadConfig({ PORT: options.port, DATA_DIR: options.data });
  const log = createLog(config.LOG_LEVEL);
  const say = (line: string): void => {
    if (!options.json) console.log(line);
  };
  const dataDir = resolve(config.DATA_DIR);
  say(`Ấn Tín đang khởi động… (starting; data in ${dataDir})`);
  const antin = await compose(composeOptions(config, log));
  await beginOrClose(antin, async () => {
    const hospital = config.MODE === 'demo' ? await openDemoHospital(antin) : undefined;
    const folder =
      options.intake === undefined
        ? undefined
        : await openWatchedFolder({
            antin,
            dir: resolve(options.intake),
            facilityCode: options.facility,
            report: (taken) => say(takenInWords(taken)),
          });
    const { server, operations } = await openPorts(config, antin);
    endWhenAsked(log, 20_000, async () => {
      await folder?.close();
      await server.close();
      await antin.close();
      await operations?.close(0);
    });
    await antin.runner.start();
    antin.sequencer.start();
    antin.sweeper.start();
    antin.probeKeeper?.start();
    folder?.start();
    const url = config.PUBLIC_BASE_URL ?? `http://${config.HOST}:${server.port}`;
    const measures = operations === undefined ? undefined : `http://${config.HOST}:${operations.port}`;
    if (options.json) console.log(JSON.stringify({ ready: true, url, operations: measures, dataDir, hospital }));
    else announce(url, dataDir, hospital);
  });
}

function announce(url: string, dataDir: string, hospital: DemoHospital | undefined): void {
  const lines = [
    '',
    `Sẵn sàng (ready): ${url}`,
    `  Tra cứu (lookup)   ${url}/tra-cuu`,
    `  API                ${url}/docs · ${url}/openapi.json`,
    `  Dữ liệu (data)     ${dataDir}`,
  ];
  if (hospital !== undefined) {
    const { keys, practitioner, representative } = hospital;
    lines.push(
      '',
      `BẢN THỬ (demonstration): ${hospital.name}`,
      `  Khóa API tiếp nhận (intake)                ${keys.intake}`,
      `  Khóa API cán bộ lưu trữ (records officer)  ${keys.recordsOfficer}`,
      `  Khóa API quản trị (admin)                  ${keys.admin}`,
      `  Người hành nghề (practitioner)             ${practitioner.apiKey}`,
      `    credential ${practitioner.credential}  PIN ${practitioner.pin}`,
      `  Đại diện đơn vị (representative)           ${representative.apiKey}`,
      `    credential ${representative.credential}  PIN ${representative.pin}`,
      `  Tất cả cũng ở (all of it is also in)       ${join(dataDir, 'demo-hospital.json')}`,
    );
  }
  console.log([...lines, '', 'Dừng (stop): Ctrl+C'].join('\n'));
}
