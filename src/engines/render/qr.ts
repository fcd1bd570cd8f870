/** QR code as one SVG path: faster than a loop in the template, and no Typst package is needed. */
import QRCode from 'qrcode';

/**
 * Of the eight masks of ISO/IEC 18004 §7.8.2. Any of them reads the same; trying all for the one that looks least like the finder
 * patterns takes three quarters of the work, and lookup codes are random already.
 */
const MASK = 0;

/** Error correction level M (15 %), no quiet zone: the template leaves the margin. Deterministic. */
export function qrSvg(text: string): string {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M', maskPattern: MASK });
  const size = modules.size;
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!modules.get(y, x)) continue;
      const start = x;
      while (x < size && modules.get(y, x)) x++;
      path += `M${start} ${y}h${x - start}v1h${start - x}z`;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><path d="${path}"/></svg>`;
}
