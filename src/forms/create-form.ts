/** A form's verbs, from what lies in its folder. */
import type { JsonObject, Printable, RenderJob, ScanJob } from '../engines/render/index.ts';
import { AppError, type InputMistake, sha256Hex } from '../shared/index.ts';
import { CONTENT, parseShape } from './content-mistakes.ts';
import type { Form, FormContent, PrintContext } from './contract.ts';
import type { FormFolder } from './form-folder.ts';
import { tidy } from './tidy.ts';
import { longDay } from './vietnamese.ts';

export function createForm(folder: FormFolder, printable: Printable): Form {
  const { declaration } = folder;

  function examine(sent: unknown, now: Date): { content: FormContent } | { mistakes: readonly InputMistake[] } {
    const tidied = tidy(sent);
    if (tidied === undefined) return { mistakes: [NOT_JSON] };
    const unprintable = printable.mistakes(tidied, CONTENT);
    const parsed = parseShape(folder.schema, tidied, CONTENT);
    if ('mistakes' in parsed) return { mistakes: [...unprintable, ...parsed.mistakes] };
    // The schema has just said so.
    const content = parsed.value as FormContent;
    const mistakes = [...unprintable, ...folder.rules(content, now)];
    return mistakes.length > 0 ? { mistakes } : { content };
  }

  function jobBase(content: FormContent, context: PrintContext) {
    const { facility, documentNumber, lookupCode, lookupUrl, issuedAt, demo } = context;
    const source = {
      form: declaration.id,
      legalBasis: declaration.legalBasis,
      facility,
      documentNumber,
      lookupCode,
      lookupUrl,
      issuedAt: issuedAt.toISOString(),
      demo,
      content,
    };
    return {
      createdAt: issuedAt,
      title: `${declaration.title.vi} số ${documentNumber}`,
      author: facility.name,
      sourceJson: new TextEncoder().encode(`${JSON.stringify(source, null, 1)}\n`),
      demo,
    };
  }

  return {
    ...declaration,
    templateDigest: sha256Hex(JSON.stringify([folder.template, folder.layout])),
    mistakes(content, now) {
      const answer = examine(content, now);
      return 'mistakes' in answer ? answer.mistakes : [];
    },
    check(content, now) {
      const answer = examine(content, now);
      if ('content' in answer) return answer.content;
      throw refusal(answer.mistakes);
    },
    facts: folder.facts,
    job(content, context): RenderJob {
      if (folder.print === undefined)
        throw new AppError('RENDER_FAILED', { cause: `${declaration.id} is not set from content` });
      const print = folder.print(content, context);
      const data: JsonObject = {
        parentAuthority: context.facility.parentAuthority.toLocaleUpperCase('vi'),
        facility: context.facility.name.toLocaleUpperCase('vi'),
        department: print.department,
        title: declaration.title.vi.toLocaleUpperCase('vi'),
        documentNumber: context.documentNumber,
        medicalCode: print.medicalCode ?? null,
        recordNumber: print.recordNumber,
        lookupCode: groupsOfFour(context.lookupCode),
        lookupPlace: lookupPlace(context.lookupUrl),
        placeAndDay: `${context.facility.place}, ${longDay(print.signedOn)}`,
        slots: declaration.slots.map(({ field, title, hint }) => ({
          field,
          title: title.vi,
          hint: hint.vi,
          name: print.names[field] ?? null,
        })),
        body: print.body,
      };
      return {
        ...jobBase(content, context),
        template: folder.template,
        sources: { '/layout.typ': folder.layout },
        data,
        lookupUrl: context.lookupUrl,
        slots: declaration.slots.map(({ field, kind, title }) => ({
          field,
          label: kind === 'seal' ? title.vi : `Chữ ký số: ${title.vi}`,
        })),
      };
    },
    scanJob(content, pages, context): ScanJob {
      if (declaration.source !== 'pdf')
        throw new AppError('RENDER_FAILED', { cause: `${declaration.id} is no form for scans` });
      return { ...jobBase(content, context), pages };
    },
    sample: () => folder.sample,
  };
}

const NOT_JSON: InputMistake = {
  path: CONTENT,
  code: 'WRONG_TYPE',
  vi: 'Nội dung không phải là dữ liệu JSON hợp lệ, hoặc lồng quá sâu',
  en: 'The content is not valid JSON, or is nested too deeply',
};

/** A mistake of one sort gives the refusal its code. */
function refusal(mistakes: readonly InputMistake[]): AppError {
  const only = (code: string): boolean => mistakes.every((mistake) => mistake.code === code);
  if (only('GLYPH_UNKNOWN')) return new AppError('GLYPH_UNKNOWN', { mistakes });
  if (only('CHARACTER_FORBIDDEN')) return new AppError('CHARACTER_FORBIDDEN', { mistakes });
  return new AppError('CONTENT_INVALID', { mistakes });
}

/** `7K3M9QXT…` → `7K3M-9QXT-…`: read from paper and typed; the lookup page ignores the hyphens. */
const groupsOfFour = (code: string): string => code.match(/.{1,4}/g)?.join('-') ?? code;

/** Where a person types the code: the address without the code itself. */
function lookupPlace(lookupUrl: string): string {
  const { host, pathname } = new URL(lookupUrl);
  return host + pathname.slice(0, pathname.lastIndexOf('/'));
}
