/** The environment of a newcomer's shell: nothing of this test run's own Node, npm or settings. */
import { delimiter } from 'node:path';

/** What vitest and npm put into the environment of a test; `MODE` would be read as a setting of ours. */
const OURS = /^(npm_|NODE_|VITEST|INIT_CWD|(MODE|DEV|PROD|SSR|TEST|BASE_URL)$)/i;

export function newcomerEnvironment(): Record<string, string | undefined> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name))),
    PATH: path.join(delimiter),
    // What CI's own `npm ci` has just brought need not be fetched again, and a stalled download is soon given up.
    npm_config_prefer_offline: 'true',
    npm_config_fetch_timeout: '30000',
    npm_config_fetch_retries: '5',
    npm_config_fetch_retry_mintimeout: '1000',
  };
}
