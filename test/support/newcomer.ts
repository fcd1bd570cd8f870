/** The environment of a newcomer's shell: nothing of this test run's own Node, npm or settings. */
import { delimiter } from 'node:path';

/** What vitest and npm put into the environment of a test; `MODE` would be read as a setting of ours. */
const OURS = /^(npm_|NODE_|VITEST|INIT_CWD|(MODE|DEV|PROD|SSR|TEST|BASE_URL)$)/i;

export function newcomerEnvironment(): Record<string, string | undefined> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name))),
    PATH: path.join(delimiter),
  };
}
