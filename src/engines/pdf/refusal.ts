/** Why a file is refused, in words that name the place. */
import { AppError } from '../../shared/index.ts';

export const xrefBroken = (vi: string, en: string): AppError => new AppError('PDF_XREF_BROKEN', { detail: { vi, en } });

/** `offset` is relative to the bytes being read: the file, or a decoded object stream. */
export const badSyntax = (offset: number, vi: string, en: string): AppError =>
  new AppError('PDF_SYNTAX', { detail: { vi: `${vi} (vị trí ${offset})`, en: `${en} (offset ${offset})` } });

export const tooLarge = (vi: string, en: string): AppError => new AppError('PDF_TOO_LARGE', { detail: { vi, en } });

export const tooDeep = (vi: string, en: string): AppError => new AppError('PDF_TOO_DEEP', { detail: { vi, en } });

export const badFilter = (vi: string, en: string, cause?: unknown): AppError =>
  new AppError('PDF_FILTER', cause === undefined ? { detail: { vi, en } } : { detail: { vi, en }, cause });
