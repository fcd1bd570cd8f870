/** CA certificates of single services: a folder with one PEM file a host. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError } from '../shared/index.ts';

/** `host.example.pem`, `host.example_8443.pem`. */
const FILE = /^([A-Za-z0-9.-]+?)(?:_(\d{1,5}))?\.(?:pem|crt)$/;

export interface UpstreamCa {
  /** PEM by `host` or `host:port`. */
  readonly pems: Readonly<Record<string, string>>;
  /** The file for the service at this address, if there is one. */
  fileFor(url: string): string | undefined;
  /** Its contents. */
  pemFor(url: string): string | undefined;
}

/** @throws CONFIG_INVALID when the folder cannot be read or a file in it holds no certificate. */
export function readUpstreamCa(directory: string | undefined): UpstreamCa {
  const files = new Map<string, string>();
  const pems: Record<string, string> = {};
  try {
    for (const name of directory === undefined ? [] : readdirSync(directory)) {
      const [, host, port] = FILE.exec(name) ?? [];
      if (directory === undefined || host === undefined) continue;
      const service = port === undefined ? host.toLowerCase() : `${host.toLowerCase()}:${port}`;
      const file = resolve(join(directory, name));
      const pem = readFileSync(file, 'utf8');
      if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(name);
      files.set(service, file);
      pems[service] = pem;
    }
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', {
      detail: {
        vi: `UPSTREAM_CA_DIR: không đọc được chứng thư CA trong ${directory}`,
        en: `UPSTREAM_CA_DIR: CA certificates cannot be read from ${directory}`,
      },
      cause,
    });
  }
  const find = <T>(url: string, among: (service: string) => T | undefined): T | undefined => {
    const { host, hostname } = new URL(url);
    return among(host) ?? among(hostname);
  };
  return {
    pems,
    fileFor: (url) => find(url, (service) => files.get(service)),
    pemFor: (url) => find(url, (service) => pems[service]),
  };
}
