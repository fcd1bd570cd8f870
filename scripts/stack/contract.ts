/** What a running stack offers to those who watch it, load it or break it. */
import type { DemoHospital } from '../../src/cli/demo-hospital.ts';
import type { PostgresService, RedisService, S3Service } from '../services/index.ts';

/** A process of Ấn Tín or the proxy in front; the same handle before and after it was killed and started again. */
export interface StackProcess {
  /** As in `docker-compose.yml`: `api-1`, `api-2`, `worker-1`, `worker-2`, `proxy`. */
  readonly name: string;
  /** Where it serves: of an API process its own address behind the proxy, of a worker that of its health port. */
  readonly url: string;
  /** `/healthz` beside `/readyz` and `/metrics` on the process's own port (METRICS_PORT); of the proxy: through it. */
  readonly healthUrl: string;
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** Sends the signal and resolves when the process has ended. Nothing happens if it does not run. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same environment and port (and `change`, from then on); resolves when it is healthy. */
  start(change?: ProcessChange): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** Everything it wrote so far, over all its lives. Also kept in `logFile`. */
  logs(): string;
  readonly logFile: string;
  /** How it ended last: exit code, null if by a signal; undefined if it never ended. */
  lastExit(): { readonly code: number | null } | undefined;
}

export interface ProcessChange {
  /** Settings that replace or (undefined) remove those of `docker-compose.yml`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Put before the command: `['faketime', '-f', '+1d']`. */
  readonly wrap?: readonly string[];
}

export interface StackOptions {
  /** Where everything lives; kept at the end. Default: a new temporary folder, removed at the end. */
  readonly dir?: string;
  /** Default `minio` where it is installed, else `seaweedfs`. */
  readonly s3?: 'minio' | 'seaweedfs';
  /** Default true, as in `deploy/redis.conf`. */
  readonly redisAppendOnly?: boolean;
  /** How many of the API and worker services of `docker-compose.yml` to start. Default all (2 and 2). */
  readonly apis?: number;
  readonly workers?: number;
  /** The API's ports stay open while its processes are started again, as with `deploy/systemd/antin-api@.socket`. Default false. */
  readonly heldSockets?: boolean;
  /** TLS and the balancer in front. Default: if a `caddy` program is installed. */
  readonly proxy?: boolean;
  /** Settings for every process of Ấn Tín; replace or (undefined) remove those of `docker-compose.yml`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Called once a service is up and before any process of Ấn Tín starts: what the processes shall connect to instead of
   * `127.0.0.1:port`, for instance a proxy that loses answers. Host and port only.
   */
  readonly link?: (
    service: 'postgres' | 'redis' | 's3',
    at: { readonly host: string; readonly port: number },
  ) => Promise<{ readonly host: string; readonly port: number }>;
  /** Told what is being done. Default: silent. */
  readonly say?: (line: string) => void;
}

export interface Stack {
  readonly dir: string;
  /** Where people and systems come in: the proxy (https) or, without one, the first API process. */
  readonly url: string;
  /** PEM file of the throw-away authority that signed the proxy's certificate. */
  readonly caFile: string | undefined;
  readonly api: readonly StackProcess[];
  readonly workers: readonly StackProcess[];
  readonly proxy: StackProcess | undefined;
  readonly postgres: PostgresService;
  readonly redis: RedisService;
  /** The engine behind any `link`, with the administrator's own credentials, for attacks and comparisons. */
  readonly s3: S3Service;
  readonly buckets: { readonly archive: string; readonly work: string };
  /** Keys, ids and PINs of the demo hospital. */
  readonly hospital: DemoHospital;
  /** The settings a process gets, by its name in `docker-compose.yml`: for commands beside it (`antin fsck`, `antin doctor`). */
  environment(name: string): Record<string, string>;
  /** Runs `antin …` to its end with the environment of `migrate`. */
  antin(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Ends everything in the order proxy, API, workers (each gracefully), services; removes what it made. */
  stop(): Promise<void>;
}
