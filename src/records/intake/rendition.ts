/** The pages of a new document and the number printed on them. */
import type { Renderer, Rendition } from '../../engines/render/index.ts';
import type { Form, FormContent } from '../../forms/index.ts';
import { vnParts } from '../../shared/index.ts';
import type { Upload } from './upload.ts';

/** What the printed heading says about the facility. */
export interface IssuingFacility {
  readonly name: string;
  readonly parentAuthority: string;
  readonly place: string;
}

/** `000042/GRV/2026`: running number, initials of the form, year of issue in Vietnam. Given once; one may be left out. */
export function printedNumber(form: Form, running: number | undefined, now: Date): string {
  if (running === undefined) throw new TypeError('no running number was taken');
  const initials = form.id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase())
    .join('');
  return `${String(running).padStart(6, '0')}/${initials}/${vnParts(now).year}`;
}

export interface RenditionDeps {
  readonly renderer: Renderer;
  readonly lookupUrl: (code: string) => string;
  readonly demo: boolean;
}

/** The pages: set from the content, from scans, or those of an upload as they came. */
export async function makeRendition(
  deps: RenditionDeps,
  form: Form,
  content: FormContent,
  upload: Upload | undefined,
  printed: { facility: IssuingFacility; number: string; lookupCode: string; issuedAt: Date },
): Promise<Pick<Rendition, 'pdf' | 'pages'>> {
  if (upload?.kind === 'pdf') return upload;
  const context = {
    facility: printed.facility,
    documentNumber: printed.number,
    lookupCode: printed.lookupCode,
    lookupUrl: deps.lookupUrl(printed.lookupCode),
    issuedAt: printed.issuedAt,
    demo: deps.demo,
  };
  return upload === undefined
    ? deps.renderer.render(form.job(content, context))
    : deps.renderer.renderScan(form.scanJob(content, upload.pages, context));
}
