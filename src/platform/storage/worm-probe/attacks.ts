/** Requests that must not succeed against a lock. */
import type { S3Request } from '../s3/client.ts';
import { escapeXml, xmlHeaders } from '../s3/xml.ts';
import type { Bench, Canary } from './bench.ts';
import { failed, type Outcome, ok } from './report.ts';

export interface Attack {
  /** As the report names it. */
  readonly name: string;
  readonly request: S3Request;
}

const BYPASS = { 'x-amz-bypass-governance-retention': 'true' };
type Aim = Pick<Canary, 'bucket' | 'key' | 'versionId'>;

export const deleting = ({ bucket, key, versionId }: Aim): Attack => ({
  name: 'DELETE',
  request: { method: 'DELETE', bucket, key, query: { versionId } },
});

export const deletingWithBypass = ({ bucket, key, versionId }: Aim): Attack => ({
  name: 'DELETE+bypass',
  request: { method: 'DELETE', bucket, key, query: { versionId }, headers: BYPASS },
});

/** MinIO's own word for "never mind". */
export const deletingByForce = ({ bucket, key, versionId }: Aim): Attack => ({
  name: 'DELETE+force',
  request: {
    method: 'DELETE',
    bucket,
    key,
    query: { versionId },
    headers: { ...BYPASS, 'x-minio-force-delete': 'true' },
  },
});

export function deletingInBatch({ bucket, key, versionId }: Aim, bypass: boolean): Attack {
  const body = `<Delete><Quiet>false</Quiet><Object><Key>${escapeXml(key)}</Key><VersionId>${versionId}</VersionId></Object></Delete>`;
  const headers = { ...xmlHeaders(body), ...(bypass ? BYPASS : {}) };
  return {
    name: bypass ? 'batch DELETE+bypass' : 'batch DELETE',
    request: { method: 'POST', bucket, query: { delete: '' }, headers, body },
  };
}

export function retaining(
  { bucket, key, versionId }: Aim,
  lock: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly until: Date } | undefined,
  bypass: boolean,
): Attack {
  const inner =
    lock === undefined ? '' : `<Mode>${lock.mode}</Mode><RetainUntilDate>${lock.until.toISOString()}</RetainUntilDate>`;
  const body = `<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</Retention>`;
  const headers = { ...xmlHeaders(body), ...(bypass ? BYPASS : {}) };
  return {
    name: `retention ${lock === undefined ? 'empty' : `${lock.mode} ${lock.until.toISOString()}`}${bypass ? '+bypass' : ''}`,
    request: { method: 'PUT', bucket, key, query: { retention: '', versionId }, headers, body },
  };
}

/** Makes the attacks one after the other and looks after each what became of the canary. An answer alone proves nothing. */
export async function withstands(bench: Bench, canary: Canary, attacks: readonly Attack[]): Promise<Outcome> {
  const told: string[] = [];
  for (const { name, request } of attacks) {
    const { said } = await bench.attempt(request);
    told.push(`${name} → ${said}`);
    const harm = await bench.harm(canary);
    if (harm === undefined) continue;
    bench.forget(canary);
    return failed(`${told.join('; ')}; afterwards ${harm}`);
  }
  return ok(`${told.join('; ')}; unchanged`);
}

/** The same against the canary that serves for many checks. */
export async function targetWithstands(bench: Bench, attacks: (target: Canary) => readonly Attack[]): Promise<Outcome> {
  const target = await bench.target();
  const outcome = await withstands(bench, target, attacks(target));
  if (outcome.result === 'failed') bench.spoilTarget();
  return outcome;
}
