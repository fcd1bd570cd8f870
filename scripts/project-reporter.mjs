/**
 * For `npm run test:all`: how many tests of each file passed in each vitest project, and which needed a second try. Vitest's own JSON
 * report tells neither.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class ProjectReporter {
  onTestRunEnd(modules) {
    const rows = modules.map((module) => {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      const count = (state) => states.filter((one) => one === state).length;
      const file = relative(process.cwd(), module.moduleId);
      // A file that could not be loaded has no tests, and failed.
      const failed = Math.max(count('failed'), module.state() === 'failed' ? 1 : 0);
      const flaky = [...module.children.allTests()]
        .filter((test) => test.diagnostic()?.flaky)
        .map((test) => test.fullName);
      return { project: module.project.name, file, passed: count('passed'), failed, flaky };
    });
    writeFileSync(process.env.ANTIN_PROJECT_REPORT, JSON.stringify(rows));
  }
}
