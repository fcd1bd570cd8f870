/**
 * `/antin.typ`: what the engine gives to every template. It is the other half of `typesetter.ts` and `assemble.ts`,
 * so it lives here and not with the forms.
 *
 * - `data`: the job's data. `demo`: whether this is a trial copy.
 * - `#show: rendition`: metadata, language, font without fallback, demo mark. Every template starts with it.
 * - `qr-code(width, alt)`: the lookup code.
 * - `signature-box(field, width, height)`: place of an empty signature field.
 *
 * A signature box is an empty figure whose alternative text names the field. That gives an empty `/Figure` in the tag tree at
 * the right place in reading order, which `assemble.ts` turns into a `/Form`; the metadata tells where it was laid out.
 * Backgrounds and foregrounds of pages are artifacts in Typst, so the demo mark needs no tag.
 */
export const MARKER_PREFIX = 'signature-box:';

export const LIBRARY = `
#let data = json(bytes(sys.inputs.data))
#let demo = sys.inputs.demo == "yes"

#let demo-mark(fill) = if demo {
  place(center + horizon, rotate(-55deg, text(size: 92pt, weight: "bold", fill: fill, tracking: 8pt)[BẢN THỬ]))
  place(center + top, dy: 6mm, text(size: 8pt, weight: "bold", fill: rgb("#b3261e"))[BẢN THỬ – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ])
}

// A line can be broken inside a word this long: what runs off the page is lost to the reader.
// Boxes, and not blanks of no width: those would come out when the text is copied.
#let breakable(word) = word.text.clusters().chunks(8).map(part => box(part.join())).join()

#let rendition(body) = {
  let created = json(bytes(sys.inputs.created))
  set document(title: sys.inputs.title, author: sys.inputs.author, date: datetime(
    year: created.at(0), month: created.at(1), day: created.at(2),
    hour: created.at(3), minute: created.at(4), second: created.at(5)))
  set text(font: sys.inputs.font, fallback: false, lang: "vi", region: "VN", size: 12pt, hyphenate: false)
  show regex("\\S{25,}"): breakable
  set page(paper: "a4", background: demo-mark(rgb("#f1dedd")))
  body
}

#let qr-code(width, alt) = figure(alt: alt, kind: "qr-code", supplement: none, outlined: false, gap: 0pt,
  image(bytes(sys.inputs.qr), format: "svg", width: width))

#let signature-box(field, width: 54mm, height: 26mm) = figure(
  alt: "${MARKER_PREFIX}" + field, kind: "signature-box", supplement: none, outlined: false, gap: 0pt,
  block(width: width, height: height, context {
    let corner = here().position()
    [#metadata((field: field, page: corner.page, x: corner.x.pt(), y: corner.y.pt(),
      width: width.pt(), height: height.pt(), page-height: page.height.pt()))<signature-box>]
  }))
`;

/** Every picture on its own A4 page, upright or across as the picture is, inside a hair of white. */
export const SCAN_TEMPLATE = `
#import "/antin.typ": *
#show: rendition
#set page(margin: 0pt, background: none, foreground: demo-mark(rgb(179, 38, 30, 35%)))
#for (index, scan) in data.pages.enumerate(start: 1) {
  page(flipped: scan.landscape, align(center + horizon, image(scan.path, width: 100%, height: 100%, fit: "contain",
    alt: "Trang quét " + str(index) + " trên " + str(data.pages.len()))))
}
`;
