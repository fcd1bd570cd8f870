/** What an object is by itself, for whoever meets it by its name only. */
import type { PdfDict, PdfView } from '../pdf/index.ts';
import { MARKUP_SUBTYPES, type Role } from './change-rules.ts';

/** Its role where it lives; `frozen` for anything that has none of its own. */
export function kindOf(view: PdfView, dict: PdfDict): Role {
  switch (view.name(dict.get('Type'))) {
    case 'Page':
      return 'page';
    case 'Pages':
      return 'page-tree';
    case 'Catalog':
      return 'catalog';
    default:
      break;
  }
  if (view.name(dict.get('Subtype')) === 'Widget' || dict.has('FT') || (dict.has('T') && dict.has('Kids')))
    return 'field';
  return isMarkup(view, dict) ? 'annotation' : 'frozen';
}

export function isMarkup(view: PdfView, dict: PdfDict): boolean {
  const subtype = view.name(dict.get('Subtype'));
  return subtype !== undefined && MARKUP_SUBTYPES.has(subtype) && dict.has('Rect');
}
