/**
 * PAdES engine (EN 319 142-1), on top of `pdf` and `crypto`.
 *
 * Contract (being implemented; names are fixed):
 *   prepare.ts    prepare(pdf, PrepareOptions) → PreparedSignature
 *   embed.ts      verifyPrepared(prepared, signatureValue) → boolean; embed(pdf, prepared, signatureValue, { timestamp?, allowWithoutTimestamp? }) → Promise<{ pdf, level, debt? }>
 *                 (verifies before embedding: SIGNATURE_VALUE_WRONG; embedCms(pdf, prepared, cms) for signers that return a CMS)
 *   sign.ts       sign(pdf, signer: LocalSigner, options & { timestamp?, allowWithoutTimestamp? }) → Promise<{ pdf, level, debt? }>; then extend
 *   timestamp.ts  addDocumentTimestamp(pdf, TimestampSource, {field?}) → Promise<Uint8Array>
 *   extend.ts     extend(pdf, level, { timestamp, material, anchors, at }) → Promise<{ pdf, reached: Level, reasons }>
 *   survives.ts   survives(before, after, ValidateOptions) → ValidationReport (throws SIGNATURE_SURVIVAL)
 *   changes.ts    changesSince(file, revision) → Change[]
 *   inspect.ts    inspect(pdf, ValidateOptions) → { pages, verdict? } (a file made elsewhere: can it be signed as it is?)
 *   validation-threads.ts  createValidationThreads(…) → the same verbs beside the event loop, with a time limit
 *   validate.ts   validate(bytes, ValidateOptions) → ValidationReport (never throws because a signature is bad)
 */
export { CHANGE_RULES_VERSION } from './change-rules.ts';
export { changesSince, worstClass } from './changes.ts';
export { type EmbedOptions, embed, embedCms, verifyPrepared } from './embed.ts';
export { type Extended, type ExtendOptions, extend } from './extend.ts';
export { type Inspection, inspect } from './inspect.ts';
export { prepare } from './prepare.ts';
export { type SignOptions, sign } from './sign.ts';
export { survives } from './survives.ts';
export { addDocumentTimestamp, type DocumentTimestampOptions } from './timestamp.ts';
export type * from './types.ts';
export { validate } from './validate.ts';
export {
  createValidationThreads,
  type ValidationThreads,
  type ValidationThreadsOptions,
} from './validation-threads.ts';
export { type FileReason, type Notice, WORDS, wordsOf } from './words.ts';
