/** Reads a form's folder: declaration, schema, rules, looks, sample. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { JsonObject } from '../engines/render/index.ts';
import { AppError, type InputMistake } from '../shared/index.ts';
import type { FormContent, FormDeclaration, FormPrint, PrintContext } from './contract.ts';
import type { RecordFacts } from './facts.ts';
import { formInvalid, readFormDeclaration, wrong } from './form-declaration.ts';

/** Everything in a form's folder. */
export interface FormFolder {
  readonly folder: string;
  readonly declaration: FormDeclaration;
  readonly schema: z.ZodType;
  readonly rules: (content: FormContent, now: Date) => InputMistake[];
  readonly facts: (content: FormContent) => RecordFacts;
  /** With `source: content` only. */
  readonly print?: (content: FormContent, context: PrintContext) => FormPrint;
  readonly template: string;
  /** `/layout.typ`, shared by the forms. */
  readonly layout: string;
  readonly sample: JsonObject;
}

const HERE = dirname(fileURLToPath(import.meta.url));

/** `src/forms` of the package, also when the program runs from `dist`: templates and samples are not compiled. */
export function ownFormsDir(): string {
  let root = HERE;
  while (!existsSync(join(root, 'package.json'))) {
    const parent = dirname(root);
    if (parent === root) throw new AppError('FORM_INVALID', { cause: `no package.json above ${HERE}` });
    root = parent;
  }
  return join(root, 'src', 'forms');
}

/** Every folder below `dir` that holds a `form.yaml`. Throws `FORM_INVALID` with everything that is wrong in one. */
export async function readFolders(dir: string, layout: string): Promise<FormFolder[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && existsSync(join(dir, entry.name, 'form.yaml')));
  return Promise.all(folders.map((entry) => readFolder(dir, entry.name, layout)));
}

const ANY_FUNCTION = z.custom<(...given: unknown[]) => unknown>(
  (value) => typeof value === 'function',
  'a function is needed',
);
const SCHEMA_MODULE = z.object({
  default: z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'the default export must be a zod schema'),
});
const RULES_MODULE = z.object({ rules: ANY_FUNCTION, facts: ANY_FUNCTION, print: ANY_FUNCTION.optional() });

async function readFolder(dir: string, folder: string, layout: string): Promise<FormFolder> {
  const file = (name: string): Promise<string> =>
    readFile(join(dir, folder, name), 'utf8').catch((cause: unknown) => {
      throw formInvalid(folder, [wrong(name, 'missing', String(cause))]);
    });
  const declaration = readFormDeclaration(await file('form.yaml'), folder);
  const setByUs = declaration.source === 'content';
  const [template, sample, schema, code] = await allRight(folder, [
    setByUs ? file('template.typ') : Promise.resolve(''),
    file('sample.json').then((text) => parseSample(text, folder)),
    readModule(dir, folder, 'schema', SCHEMA_MODULE),
    readModule(dir, folder, 'rules', RULES_MODULE),
  ]);
  if (setByUs && code.print === undefined) {
    throw formInvalid(folder, [wrong('rules/print', 'missing', 'a form with source: content needs print()')]);
  }
  const { rules, facts, print } = code;
  return {
    folder,
    declaration,
    schema: schema.default,
    // The modules are checked to be functions; their types are theirs to keep (docs/add-a-form.md).
    rules: rules as FormFolder['rules'],
    facts: facts as FormFolder['facts'],
    ...(print !== undefined && { print: print as NonNullable<FormFolder['print']> }),
    template,
    layout,
    sample,
  };
}

/** All of it. @throws FORM_INVALID with the mistakes of every part. */
async function allRight<Parts extends unknown[]>(
  folder: string,
  parts: { readonly [Place in keyof Parts]: Promise<Parts[Place]> },
): Promise<Parts> {
  const mistakes: InputMistake[] = [];
  const settled = parts.map((part) =>
    part.catch((thrown: unknown) => {
      if (!(thrown instanceof AppError) || thrown.code !== 'FORM_INVALID') throw thrown;
      mistakes.push(...thrown.mistakes);
    }),
  );
  const read = await Promise.all(settled);
  if (mistakes.length > 0)
    throw formInvalid(
      folder,
      mistakes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    );
  return read as Parts;
}

/** Our own code comes from the running tree (`src` or `dist`); a hospital's folder brings its own, `.js` before `.ts`. */
async function readModule<T>(dir: string, folder: string, name: string, shape: z.ZodType<T>): Promise<T> {
  const own = dir === ownFormsDir();
  const base = join(own ? HERE : dir, folder, name);
  const extension = own ? extname(import.meta.url) : existsSync(`${base}.js`) ? '.js' : '.ts';
  let module: unknown;
  try {
    module = await import(/* @vite-ignore */ pathToFileURL(base + extension).href);
  } catch (cause) {
    throw formInvalid(folder, [
      wrong(name + extension, 'unreadable', cause instanceof Error ? cause.message : String(cause)),
    ]);
  }
  const checked = shape.safeParse(module);
  if (checked.success) return checked.data;
  throw formInvalid(
    folder,
    checked.error.issues.map((issue) =>
      wrong(`${name}${extension}/${issue.path.join('/')}`, issue.code, issue.message),
    ),
  );
}

function parseSample(text: string, folder: string): JsonObject {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(text));
  } catch (cause) {
    throw formInvalid(folder, [
      wrong('sample.json', 'not_json', cause instanceof Error ? cause.message : String(cause)),
    ]);
  }
}
