/** Reads docker-compose.yml as Compose does, as far as that file uses it: merges, `${NAME:-default}`, env_file, secrets, volumes. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const list = z.array(z.string()).default([]);
const SERVICE = z.object({
  image: z.string(),
  command: list,
  environment: z.record(z.string(), z.string()).default({}),
  env_file: list,
  secrets: list,
  volumes: list,
  tmpfs: list,
  networks: list,
  ports: list,
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  restart: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: list,
  security_opt: list,
  healthcheck: z.object({ test: z.array(z.string()).optional() }).optional(),
  deploy: z.object({ resources: z.object({ limits: z.record(z.string(), z.union([z.string(), z.number()])) }) }),
});
const COMPOSE_FILE = z.object({
  services: z.record(z.string(), SERVICE),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
});

export type ComposeFile = z.infer<typeof COMPOSE_FILE>;
export type ComposeService = z.infer<typeof SERVICE>;

/** `variables` are those of `.env`, which Compose puts into the text. @throws when the file holds what is not known here. */
export function readComposeFile(file: string, variables: Readonly<Record<string, string>>): ComposeFile {
  const tree: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
  return COMPOSE_FILE.parse(interpolated(tree, variables));
}

/** The lines `NAME=value` of an environment file. */
export function readEnvironmentFile(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, (value ?? '').trim()]));
}

function interpolated(node: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof node === 'string') {
    const text = node.replace(/\$\{([A-Z0-9_]+):-([^}]*)\}/g, (_, name: string, usual: string) => {
      return variables[name] || usual;
    });
    if (text.includes('$')) throw new Error(`not understood in docker-compose.yml: ${node}`);
    return text;
  }
  if (Array.isArray(node)) return node.map((one) => interpolated(one, variables));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, interpolated(value, variables)]));
}
