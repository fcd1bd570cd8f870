/**
 * The settings (`settings/`), read once from the environment, all mistakes told at once. The only reader of `process.env`.
 *
 * Every setting can also be given as `NAME_FILE`, the path of a file that holds it (for secrets from an orchestrator).
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { SETTINGS, type Setting } from './settings/index.ts';
import { AppError, type BilingualText, type InputMistake } from './shared/index.ts';

type SettingName = keyof typeof SETTINGS;

/** The settings as values, by their names. Optional ones are `undefined` when not set. */
export type Config = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> };

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Settings that hold or may hold a secret: best given as files, never shown. */
export const SECRET_SETTINGS = NAMES.filter((name) => (SETTINGS[name] as Setting<z.ZodType>).secret === true);

/**
 * Reads and checks every setting. `environment` is the process's own unless given; entries of `overrides` (command line
 * options) win over it. @throws CONFIG_INVALID with all mistakes; values are not repeated in them, since they may be secrets.
 */
export function loadConfig(
  overrides: Partial<Record<SettingName, string | undefined>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const mistakes: InputMistake[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of NAMES) {
    const { schema, form, ...rest }: Setting<z.ZodType> = SETTINGS[name];
    try {
      const text = overrides[name] ?? fromEnvironment(name, environment) ?? rest.fallback;
      const parsed = schema.safeParse(text);
      if (parsed.success) values[name] = parsed.data;
      else mistakes.push(mistake(name, `cần là ${form.vi}`, `must be: ${form.en}`));
    } catch (error) {
      if (!(error instanceof SettingFileError)) throw error;
      mistakes.push(mistake(`${name}_FILE`, error.vi, error.message));
    }
  }
  if (values.S3_ENDPOINT !== undefined) {
    for (const name of ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const) {
      if (values[name] === undefined)
        mistakes.push(mistake(name, 'bắt buộc khi có S3_ENDPOINT', 'is required with S3_ENDPOINT'));
    }
  }
  if (mistakes.length > 0) throw new AppError('CONFIG_INVALID', { mistakes, detail: summary(mistakes) });
  values.ARCHIVE_IMMUTABLE_FLAG ??= values.MODE === 'legal';
  return values as Config;
}

class SettingFileError extends Error {
  readonly vi: string;
  constructor(vi: string, en: string) {
    super(en);
    this.vi = vi;
  }
}

/** The value itself, or the contents of the file that `NAME_FILE` names, without the final line feed. Empty counts as not set. */
function fromEnvironment(name: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = environment[name]?.trim() || undefined;
  const file = environment[`${name}_FILE`]?.trim() || undefined;
  if (file === undefined) return value;
  if (value !== undefined) {
    throw new SettingFileError(`không đặt cùng lúc ${name} và ${name}_FILE`, `${name} and ${name}_FILE are both set`);
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new SettingFileError('không đọc được tệp', 'the file cannot be read');
  }
}

function mistake(name: string, vi: string, en: string): InputMistake {
  return { path: `/${name}`, code: 'CONFIG_INVALID', vi: `${name} ${vi}`, en: `${name} ${en}` };
}

function summary(mistakes: readonly InputMistake[]): BilingualText {
  return { vi: mistakes.map(({ vi }) => vi).join('; '), en: mistakes.map(({ en }) => en).join('; ') };
}

/** A value as it would be written in the environment. */
function written(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(value);
  return Object.entries(value)
    .map((pair) => pair.join('='))
    .join(',');
}

/** The settings as lines `NAME=value`, for people who set a machine up anew. Of secrets only that they are set. */
export function settingsText(config: Config): string {
  const lines = NAMES.flatMap((name) => {
    const { secret }: Setting<z.ZodType> = SETTINGS[name];
    const value: unknown = config[name];
    if (value === undefined) return [];
    if (secret === true) return [`# ${name}: (bí mật, không lưu ở đây · secret, not kept here)`];
    return [`${name}=${written(value)}`];
  });
  return `${lines.join('\n')}\n`;
}

/** The settings as a Markdown table, for the documentation. */
export function configTable(language: 'vi' | 'en'): string {
  const heads = { vi: ['Tên', 'Giá trị', 'Mặc định', 'Ý nghĩa'], en: ['Name', 'Value', 'Default', 'Meaning'] };
  const rows = NAMES.map((name) => {
    const { form, fallback, meaning }: Setting<z.ZodType> = SETTINGS[name];
    const usual = fallback === undefined || fallback === '' ? '–' : `\`${fallback}\``;
    return [`\`${name}\``, form[language], usual, meaning[language]];
  });
  const lines = [heads[language], heads[language].map(() => '---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** sd_listen_fds(3): the first descriptor after standard input, output and error. */
const FIRST_PASSED_SOCKET = 3;

/**
 * The listening socket that systemd opened for this process and keeps open when it ends: whoever connects during a restart waits
 * for the next process. Undefined if there is none. @throws CONFIG_INVALID when there are several.
 */
export function heldSocket(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  pid = process.pid,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  if (LISTEN_PID !== String(pid)) return undefined;
  if (LISTEN_FDS === '1') return FIRST_PASSED_SOCKET;
  const mistakes = [mistake('LISTEN_FDS', 'phải là 1: một tiến trình, một cổng', 'must be 1: one process, one port')];
  throw new AppError('CONFIG_INVALID', { mistakes, detail: summary(mistakes) });
}
