/**
 * Checks the dependency rule of ARCHITECTURE.md over `src/` and `workers/`: layers, front doors, cycles, library fences (by
 * dependency-cruiser), and what no import shows: the environment is read in `src/config.ts` only, and engines read no clock.
 *
 * A checker that sees nothing finds nothing, so every source file on disk must have been seen.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ruleSet = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const folders = ['src', 'workers'];

function sourceFiles(base) {
  return folders
    .filter((folder) => existsSync(join(base, folder)))
    .flatMap((folder) => readdirSync(join(base, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(base, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

async function checkImports(base) {
  const present = folders.filter((folder) => existsSync(join(base, folder)));
  const options = { ...ruleSet.options, baseDir: base, ruleSet: { forbidden: ruleSet.forbidden }, validate: true };
  const { output } = await cruise(present, options, ruleSet.options.enhancedResolveOptions);
  return {
    seen: output.modules.map((module) => module.source),
    imports: output.modules.reduce((sum, module) => sum + module.dependencies.length, 0),
    violations: output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}

/** `process.env` (also as `process['env']` or destructured) outside config.ts; the current time and chance inside engines. */
function checkAmbient(base, file) {
  const source = ts.createSourceFile(file, readFileSync(join(base, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const report = (rule, node) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push({ rule, from: file, to: `line ${line + 1}: ${node.getText().slice(0, 80)}` });
  };
  const inEngines = file.startsWith('src/engines/');
  const visit = (node) => {
    if (file !== 'src/config.ts' && readsEnvironment(node)) report('environment', node);
    if (inEngines && readsClock(node)) report('engines-have-no-clock', node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isNamed = (node, name) => node !== undefined && ts.isIdentifier(node) && node.text === name;

function readsEnvironment(node) {
  if (ts.isPropertyAccessExpression(node)) return isNamed(node.name, 'env') && isProcess(node.expression);
  if (ts.isElementAccessExpression(node)) {
    return (
      isProcess(node.expression) &&
      ts.isStringLiteralLike(node.argumentExpression) &&
      node.argumentExpression.text === 'env'
    );
  }
  if (
    ts.isVariableDeclaration(node) &&
    ts.isObjectBindingPattern(node.name) &&
    node.initializer &&
    isProcess(node.initializer)
  ) {
    return node.name.elements.some((element) => isNamed(element.propertyName ?? element.name, 'env'));
  }
  if (ts.isImportDeclaration(node) && /^(?:node:)?process$/.test(node.moduleSpecifier.text)) {
    const names = node.importClause?.namedBindings;
    return !!names && ts.isNamedImports(names) && names.elements.some((e) => isNamed(e.propertyName ?? e.name, 'env'));
  }
  return false;
}

const isProcess = (node) =>
  isNamed(node, 'process') ||
  (ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'globalThis') && isNamed(node.name, 'process'));

function readsClock(node) {
  if (ts.isNewExpression(node)) return isNamed(node.expression, 'Date') && (node.arguments?.length ?? 0) === 0;
  if (!ts.isCallExpression(node)) return false;
  if (isNamed(node.expression, 'Date')) return true;
  return ['Date.now', 'Math.random'].includes(node.expression.getText());
}

/**
 * Checks the tree at `base`. Returns how many source files there are and every violation as `{ rule, from, to }`; a file that the
 * import checker did not see is a violation too (rule `unseen`), and so is a tree without any import.
 */
export async function checkArchitecture(base = root) {
  const files = sourceFiles(base);
  const { seen, imports, violations } = await checkImports(base);
  const unseen = files.filter((file) => !seen.includes(file)).map((from) => ({ rule: 'unseen', from, to: '' }));
  const blind =
    files.length > 1 && imports === 0 ? [{ rule: 'unseen', from: 'every file', to: 'no import was seen' }] : [];
  const ambient = files.flatMap((file) => checkAmbient(base, file));
  return { modules: files.length, imports, violations: [...unseen, ...blind, ...violations, ...ambient] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { modules, imports, violations } = await checkArchitecture();
  for (const { rule, from, to } of violations) console.error(`${rule}: ${from} → ${to}`);
  console.log(`architecture: ${modules} modules, ${imports} imports, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}
