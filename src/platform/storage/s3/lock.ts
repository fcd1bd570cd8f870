/** Object Lock on the wire: what is asked of a version, and what the store says of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { S3Request } from './client.ts';
import { xmlHeaders } from './xml.ts';

export interface Lock {
  /** Of a COMPLIANCE lock; undefined: none. GOVERNANCE is none: whoever has the right lifts it. */
  readonly until: Date | undefined;
  readonly hold: boolean;
}

/** Never earlier than asked; whole seconds, because SeaweedFS cuts the rest off. */
export function wholeSeconds(date: Date): Date {
  return new Date(Math.ceil(date.getTime() / 1000) * 1000);
}

/** Both flags always together: MinIO gives a PUT with only a hold no default retention. */
export function lockHeaders({ until, hold }: Lock): Record<string, string> {
  return {
    ...(until === undefined
      ? {}
      : { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until.toISOString() }),
    ...(hold ? { 'x-amz-object-lock-legal-hold': 'ON' } : {}),
  };
}

/** Ceph writes nanoseconds; they are cut, which is what it enforces to the second. */
export function lockOf(headers: IncomingHttpHeaders): Lock {
  const mode = headers['x-amz-object-lock-mode'];
  const date = headers['x-amz-object-lock-retain-until-date'];
  const time = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const locked = mode === 'COMPLIANCE' && !Number.isNaN(time);
  return {
    until: locked ? new Date(time) : undefined,
    hold: headers['x-amz-object-lock-legal-hold'] === 'ON',
  };
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

export function retentionRequest(bucket: string, key: string, versionId: string, until: Date): S3Request {
  const body = `<Retention ${NAMESPACE}><Mode>COMPLIANCE</Mode><RetainUntilDate>${until.toISOString()}</RetainUntilDate></Retention>`;
  return { method: 'PUT', bucket, key, query: { retention: '', versionId }, headers: xmlHeaders(body), body };
}

export function holdRequest(bucket: string, key: string, versionId: string, hold: boolean): S3Request {
  const body = `<LegalHold ${NAMESPACE}><Status>${hold ? 'ON' : 'OFF'}</Status></LegalHold>`;
  return { method: 'PUT', bucket, key, query: { 'legal-hold': '', versionId }, headers: xmlHeaders(body), body };
}
