/** The command line: `antin <command>`. Each command is one file in `cli/`. */
import { Command, CommanderError } from 'commander';
import { addApi } from './cli/api.ts';
import { addAudit } from './cli/audit.ts';
import { addBackup } from './cli/backup.ts';
import { addClinician } from './cli/clinician.ts';
import { addCredential } from './cli/credential.ts';
import { addDemo } from './cli/demo.ts';
import { addDevPki } from './cli/dev-pki.ts';
import { addDoctor } from './cli/doctor.ts';
import { reportProblem } from './cli/exit.ts';
import { addExtend } from './cli/extend.ts';
import { addFacility } from './cli/facility.ts';
import { addFinding } from './cli/finding.ts';
import { addFsck } from './cli/fsck.ts';
import { addIntake } from './cli/intake.ts';
import { addKey } from './cli/key.ts';
import { addMigrate } from './cli/migrate.ts';
import { addMove } from './cli/move.ts';
import { addPolicy } from './cli/policy.ts';
import { addRender } from './cli/render.ts';
import { addRestore } from './cli/restore.ts';
import { addSign } from './cli/sign.ts';
import { addStart } from './cli/start.ts';
import { addValidate } from './cli/validate.ts';
import { addWorker } from './cli/worker.ts';
import { addWormProbe } from './cli/worm-probe.ts';
import { VERSION } from './shared/index.ts';

const program = new Command('antin')
  .description('Ký số và lưu trữ hồ sơ bệnh án · Digital signature and provable archive of hospital records')
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError();

for (const add of [
  addStart,
  addApi,
  addWorker,
  addMigrate,
  addDemo,
  addRender,
  addSign,
  addExtend,
  addValidate,
  addIntake,
  addPolicy,
  addDevPki,
  addDoctor,
  addFsck,
  addFinding,
  addBackup,
  addRestore,
  addMove,
  addAudit,
  addWormProbe,
  addFacility,
  addClinician,
  addCredential,
  addKey,
]) {
  add(program);
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportProblem(thrown, process.argv.includes('--json'));
}
