/** What the renderer and its typesetting processes say to each other (structured clone over the IPC channel). */
import type { SlotRequest } from './contract.ts';

export interface ProcessStart {
  readonly kind: 'start';
  /** Empty folder that Typst may read. */
  readonly workspace: string;
  readonly fonts: readonly Uint8Array[];
  readonly stampFont: { readonly bytes: Uint8Array; readonly tag: string };
}

/** A job with everything worked out: strings for `sys.inputs`, texts and pictures for the virtual file system. */
export interface TypesettingJob {
  readonly kind: 'job';
  readonly standard: 'a-3a' | 'a-3b';
  readonly texts: Readonly<Record<string, string>>;
  readonly pictures: Readonly<Record<string, Uint8Array>>;
  readonly inputs: Readonly<Record<string, string>>;
  readonly slots: readonly SlotRequest[];
  readonly sourceJson: Uint8Array;
  readonly createdAt: Date;
  readonly useObjectStreams: boolean;
}

export interface TypesetDocument {
  readonly pdf: Uint8Array;
  readonly pages: number;
  readonly slots: readonly {
    readonly field: string;
    readonly page: number;
    readonly rect: readonly [number, number, number, number];
  }[];
}

export type ProcessAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly document: TypesetDocument }
  | { readonly kind: 'failed'; readonly reason: string };
