/** What a setting is, and what may be written in it. */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { BilingualText } from '../shared/index.ts';

export const httpUrl = z.url({ protocol: /^https?$/ });
export const wholeNumber = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(least).max(most));
export const yesOrNo = z.enum(['yes', 'no']).transform((answer) => answer === 'yes');
export const urlList = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .pipe(z.array(httpUrl));
export const hostList = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''));
/** `seal=2,archive=4`: a number for each of some of the names. */
export const numberEach = <Name extends string>(names: readonly Name[], least: number, most: number) =>
  z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
    .transform((parts) => parts.map((part) => part.split('=')))
    .pipe(z.array(z.tuple([z.enum(names), wholeNumber(least, most)])))
    .transform((pairs) => Object.fromEntries(pairs) as Readonly<Partial<Record<Name, number>>>);
export const addressRange = z.string().refine((text) => {
  const [address = '', prefix, ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6];
  return (
    more.length === 0 && most >= 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most))
  );
});

export interface Setting<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** Value when nothing is set, as it would be written; absent: the setting may be missing. */
  readonly fallback?: string;
  /** Never shown. */
  readonly secret?: boolean;
  /** What may be written, for the table and for mistakes. */
  readonly form: BilingualText;
  readonly meaning: BilingualText;
}

export const setting = <Schema extends z.ZodType>(of: Setting<Schema>) => of;

export const URL_FORM = { vi: 'địa chỉ http(s)', en: 'http(s) address' };
export const FOLDER = { vi: 'thư mục', en: 'folder' };
export const HOST_LIST = {
  vi: 'các `máy` hoặc `máy:cổng`, cách nhau bằng dấu phẩy',
  en: '`host` or `host:port`, separated by commas',
};
export const PERSON = { vi: 'họ tên', en: 'name of a person' };
export const PER_MINUTE = { vi: 'số 1–10000000', en: 'number 1–10000000' };
export const YES_NO = { vi: '`yes` hoặc `no`', en: '`yes` or `no`' };
