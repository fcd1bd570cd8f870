/** Texts that mean something to some machine on the way, and must mean nothing but themselves. */
export const HOSTILE_TEXTS: readonly (readonly [language: string, text: string])[] = [
  ['HTML', '<script>alert(1)</script> <b>Đậm</b> <img src=x onerror=alert(1)> &lt;&amp;&#65;'],
  ['an HTML comment', '<!-- ẩn --> ]]> <![CDATA[x]]> </textarea></html>'],
  ['Typst code', '#read("/etc/passwd") #import "x": * #panic("x") #{1+1} #set page(width: 1cm) #sys.version'],
  ['Typst markup', '= Tiêu đề *đậm* _nghiêng_ `mã` $x^2$ @nguồn <nhãn> // lời bàn /* khối */ - mục + số / từ: nghĩa'],
  ['Typst escapes', '\\u{41} \\# \\\\ \\* ~ --- -- ... "trích" \'đơn\' https://example.vn/#a'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of another language is what is meant
  ['JavaScript and templates', '${7*7} {{7*7}} <%= 7*7 %> #{7*7} `${x}` constructor.constructor("x")()'],
  ['SQL', '\'; DROP TABLE document; -- " OR 1=1 /*'],
  ['a shell', '$(id) `id` | cat /etc/passwd > /tmp/x & ; %PATH% ~root ../../etc'],
  ['JSON', '{"a":1,"a":[null]} \\" \\u0000 \\n'],
  ['PDF', ') Tj ET << /JavaScript (app.alert(1)) >> endstream endobj %%EOF startxref 0 (\\'],
  ['format strings', '%s %n %x {0} %(name)s $1 \\1 %d%%'],
  ['a spreadsheet', '=HYPERLINK("x") +1+cmd|x @SUM(1) -2'],
];
