/** `antin render FORM content.json -o out.pdf`: a rendition, as intake would make it. */
import type { Command } from 'commander';
import { createRenderer, loadStampFont } from '../engines/render/index.ts';
import { loadFonts, loadForms } from '../forms/index.ts';
import { newLookupCode, systemClock } from '../shared/index.ts';
import { readJsonInput, writeOutput } from './files.ts';

export function addRender(program: Command): void {
  program
    .command('render')
    .description('Dựng bản thể hiện PDF/A từ nội dung JSON · Render form content to PDF/A')
    .argument('<form>', 'giay-ra-vien, tom-tat-ho-so-benh-an')
    .argument('<content>', 'JSON file')
    .requiredOption('-o, --output <file>', 'PDF to write')
    .option('--facility <name>', 'name in the heading', 'Bệnh viện Đa khoa Minh Hoạ')
    .option('--number <text>', 'printed number', '000001/BT/2026')
    .option('--legal', 'without the mark BẢN THỬ', false)
    .option('--json', 'one JSON line', false)
    .action(async (formId: string, contentFile: string, options: RenderOptions) => {
      const now = systemClock.now();
      const content = await readJsonInput(contentFile);
      const fonts = await loadFonts();
      const form = (await loadForms()).findFor(formId, content, now);
      const checked = form.check(content, now);
      const lookupCode = newLookupCode();
      const renderer = createRenderer({
        fonts: fonts.faces,
        fontFamily: fonts.family,
        stampFont: await loadStampFont(fonts.regular),
      });
      try {
        const { pdf, pages, slots } = await renderer.render(
          form.job(checked, {
            facility: { name: options.facility, parentAuthority: 'Sở Y tế tỉnh Minh Hoạ', place: 'Minh Hoạ' },
            documentNumber: options.number,
            lookupCode,
            lookupUrl: `http://127.0.0.1:8080/tra-cuu/${lookupCode}`,
            issuedAt: now,
            demo: !options.legal,
          }),
        );
        await writeOutput(options.output, pdf);
        const result = { file: options.output, pages, slots: slots.map((slot) => slot.field), bytes: pdf.length };
        console.log(options.json ? JSON.stringify(result) : `${options.output}: ${pages} trang, ${pdf.length} byte`);
      } finally {
        await renderer.close();
      }
    });
}

interface RenderOptions {
  readonly output: string;
  readonly facility: string;
  readonly number: string;
  readonly legal: boolean;
  readonly json: boolean;
}
