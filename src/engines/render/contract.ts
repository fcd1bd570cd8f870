/** What the render engine takes and gives. Points are 1/72 inch; rectangles are PDF user space, y upwards. */
import type { StampFont } from './stamp-font.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface RendererOptions {
  /** TTF faces of one family: regular, italic, bold, bold italic. No other font is ever used. */
  readonly fonts: readonly Uint8Array[];
  /** The family's name as the faces state it. */
  readonly fontFamily: string;
  /** Goes into the AcroForm `/DR` as `VnStamp`, so that stamps need no font of their own. */
  readonly stampFont: StampFont;
  /** Child processes that set type at the same time. Default 1. */
  readonly processes?: number;
  /** A job that runs longer is killed with its process (`RENDER_TIMEOUT`). Default 60 000: a record of 500 pages on a busy machine. */
  readonly timeLimitMs?: number;
  /** A process is replaced after so many documents. Default 5 000. */
  readonly recycleAfter?: number;
}

/** An empty signature field to be put where the template says (`signature-box`). */
export interface SlotRequest {
  /** Field name: ASCII letters and digits, unique in the document. */
  readonly field: string;
  /** What a screen reader says about the field. */
  readonly label: string;
}

interface JobBase {
  /** Everything in the file that is a date: no clock is read, so the same job gives the same bytes. */
  readonly createdAt: Date;
  /** Document title, shown by viewers. */
  readonly title: string;
  /** Who issues the document. */
  readonly author: string;
  /** The JSON this document was made from; attached with `/AFRelationship /Source` (ISO 19005-3 §6.8). */
  readonly sourceJson: Uint8Array;
  /** Marks every page "BẢN THỬ". */
  readonly demo: boolean;
}

export interface RenderJob extends JobBase {
  /** Typst text of the form. May import `/antin.typ` (given by the engine) and what `sources` holds. */
  readonly template: string;
  /** Further Typst texts by absolute path: `{ '/layout.typ': '…' }`. */
  readonly sources: Readonly<Record<string, string>>;
  /** What is printed. Reaches the template as data (`antin.data`), never as code. */
  readonly data: JsonObject;
  /** What the QR code says. */
  readonly lookupUrl: string;
  readonly slots: readonly SlotRequest[];
  /** Smaller, for records of many pages; certificates stay with the classic cross-reference table. Default false. */
  readonly useObjectStreams?: boolean;
}

export interface ScanJob extends JobBase {
  /** JPEG or PNG, one a page, in reading order. Each is put on its own A4 page, turned as its EXIF data say. */
  readonly pages: readonly Uint8Array[];
}

export interface RenditionSlot {
  readonly field: string;
  /** From 1. */
  readonly page: number;
  /** Points, `[left, bottom, right, top]`. */
  readonly rect: readonly [number, number, number, number];
}

/** The bytes before the first signature. */
export interface Rendition {
  readonly pdf: Uint8Array;
  readonly pages: number;
  readonly slots: readonly RenditionSlot[];
  readonly sourceJson: Uint8Array;
}

export interface Renderer {
  /**
   * PDF/A-3a that is also PDF/UA-1, byte-identical for the same job. Ends with a line end after `%%EOF`.
   * Throws `GLYPH_UNKNOWN`, `CHARACTER_FORBIDDEN` (both list every place as `mistakes`, paths below `/data`),
   * `RENDER_FAILED` (template or its warnings, slots that the template lacks), `RENDER_TIMEOUT`.
   */
  render(job: RenderJob): Promise<Rendition>;
  /** PDF/A-3b (a picture of text is not accessible). Throws `SCAN_UNREADABLE`, `SCAN_CMYK`, and as `render`. */
  renderScan(job: ScanJob): Promise<Rendition>;
  /** Ends the processes; jobs under way fail with `RENDER_FAILED`. */
  close(): Promise<void>;
}
