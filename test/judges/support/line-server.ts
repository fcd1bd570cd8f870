import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  command: string;
  args: readonly string[];
}

/** A judge that stays alive: one request a line (URL query), one JSON object a line back, in order. */
export interface LineServer {
  /** Asks and waits for the answer. Rejects when the judge cannot start, dies, or is silent for `secondsToAnswer`. */
  ask<Answer>(request: Record<string, string | undefined>): Promise<Answer>;
  close(): Promise<void>;
}

interface Waiting {
  fulfil(line: string): void;
  reject(error: Error): void;
}

/** Starts `command` at the first question and again after it died. `name` is what errors call it. */
export function createLineServer(name: string, command: () => Promise<Command>, secondsToAnswer = 90): LineServer {
  let running: Promise<Connection> | undefined;
  return {
    async ask<Answer>(request: Record<string, string | undefined>): Promise<Answer> {
      running ??= command().then((c) => connect(name, c, secondsToAnswer, () => (running = undefined)));
      const connection = await running;
      const given = Object.entries(request).filter((pair): pair is [string, string] => pair[1] !== undefined);
      return JSON.parse(await connection.ask(new URLSearchParams(given).toString())) as Answer;
    },
    async close() {
      const connection = await running?.catch(() => undefined);
      await connection?.close();
    },
  };
}

interface Connection {
  ask(line: string): Promise<string>;
  close(): Promise<void>;
}

function connect(name: string, { command, args }: Command, seconds: number, onEnd: () => void): Connection {
  const waiting: Waiting[] = [];
  let said = '';
  const child: ChildProcessWithoutNullStreams = spawn(command, [...args], {
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const ended = new Promise<void>((resolve) => {
    const fail = (why: string) => {
      onEnd();
      for (const one of waiting.splice(0)) one.reject(new Error(`${name} ${why}. ${said.slice(-2000)}`));
      resolve();
    };
    child.on('error', (error) => fail(`could not start: ${error.message}`));
    child.on('close', (code, signal) => fail(`ended (${code ?? signal})`));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  child.stdin.on('error', () => {
    // A judge that died closes its end; `close` above reports it.
  });
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.fulfil(line));
  return {
    async ask(line) {
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<string>((fulfil, reject) => {
          waiting.push({ fulfil, reject });
          // Silence breaks the order of answers: the judge must go, and everybody who waits is told.
          timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 * waiting.length);
          child.stdin.write(`${line}\n`);
        });
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/** A Java line server; the flags halve the time of a short run. */
export const java = (classPath: string, ...args: string[]): Command => ({
  command: 'java',
  args: [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xmx1g',
    '-Djava.awt.headless=true',
    '-cp',
    classPath,
    ...args,
  ],
});
