/** CMS SignedData (RFC 5652): build, read, check. */
export * from './cms-build.ts';
export * from './cms-check.ts';
export * from './cms-parse.ts';
