declare module 'subset-font' {
  interface SubsetOptions {
    readonly targetFormat: 'truetype';
    /** Do not add glyphs that layout features could reach: only the characters themselves. */
    readonly noLayoutClosure?: boolean;
  }
  export default function subsetFont(font: Buffer, characters: string, options: SubsetOptions): Promise<Buffer>;
}
