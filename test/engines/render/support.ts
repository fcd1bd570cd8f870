import {
  createRenderer,
  loadStampFont,
  type Renderer,
  type RendererOptions,
  type RenderJob,
} from '../../../src/engines/render/index.ts';
import { loadFonts } from '../../../src/forms/index.ts';

const fonts = await loadFonts();
const stampFont = await loadStampFont(fonts.regular);

export const regularFace = fonts.regular;

export function testRenderer(options: Partial<RendererOptions> = {}): Renderer {
  return createRenderer({ fonts: fonts.faces, fontFamily: fonts.family, stampFont, ...options });
}

/** A page with one text and one signature box. */
export function job(change: Partial<RenderJob> = {}): RenderJob {
  return {
    template: [
      '#import "/antin.typ": *',
      '#show: rendition',
      '= Giấy thử',
      '#data.text',
      '#qr-code(20mm, "Mã QR tra cứu")',
      '#signature-box("DauDonVi")',
    ].join('\n'),
    sources: {},
    data: { text: 'Bệnh viện Đa khoa Minh Hoạ' },
    sourceJson: new TextEncoder().encode('{"text":"Bệnh viện Đa khoa Minh Hoạ"}\n'),
    title: 'Giấy thử số 1',
    author: 'Bệnh viện Đa khoa Minh Hoạ',
    createdAt: new Date('2026-03-14T03:30:00Z'),
    lookupUrl: 'https://benhvien.example.vn/tra-cuu/7K3M9QXTA1B2C3D4E5F6G7H8JK',
    slots: [{ field: 'DauDonVi', label: 'Dấu của đơn vị' }],
    demo: false,
    ...change,
  };
}
