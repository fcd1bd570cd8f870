/** The little XML that S3 speaks: flat elements without attributes that matter. */
import { createHash } from 'node:crypto';

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Elements of these names in document order. */
export function* elementsOf(xml: string, ...names: readonly string[]): Iterable<{ name: string; inner: string }> {
  const pattern = new RegExp(`<(${names.join('|')})(?:\\s[^>]*)?>([\\s\\S]*?)</\\1>`, 'g');
  for (const [, name, inner] of xml.matchAll(pattern)) {
    if (name !== undefined && inner !== undefined) yield { name, inner };
  }
}

/** Text of the first element of this name. */
export function textOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Headers of an XML body: several engines demand its MD5. */
export function xmlHeaders(xml: string): Record<string, string> {
  return { 'content-type': 'application/xml', 'content-md5': createHash('md5').update(xml).digest('base64') };
}
