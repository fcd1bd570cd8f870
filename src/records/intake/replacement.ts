import type { Form } from '../../forms/index.ts';
import type { Db } from '../../platform/db/index.ts';
import type { InputMistake } from '../../shared/index.ts';
import * as store from './store.ts';

/** A correction replaces an archived document of the same form and record, and is the only one under way. */
export async function unfitToReplace(
  db: Db,
  { facilityId, supersedes }: { readonly facilityId: string; readonly supersedes?: string | undefined },
  form: Form,
  recordNumber: string,
): Promise<InputMistake | undefined> {
  if (supersedes === undefined) return undefined;
  const old = await store.findReplaceable(db, facilityId, supersedes);
  const unfit = (code: string, vi: string, en: string): InputMistake => ({ path: '/supersedes', code, vi, en });
  if (old === undefined) {
    return unfit(
      'DOCUMENT_UNKNOWN',
      'Cơ sở không có tài liệu cần thay thế này',
      'The facility has no such document to replace',
    );
  }
  if (old.form !== form.id) {
    return unfit('FORM_DIFFERS', 'Tài liệu cần thay thế thuộc mẫu khác', 'The document to replace is of another form');
  }
  if (old.recordNumber !== recordNumber) {
    return unfit(
      'RECORD_DIFFERS',
      'Tài liệu cần thay thế thuộc hồ sơ bệnh án khác',
      'The document to replace belongs to another record',
    );
  }
  if (old.state === 'superseded' || old.corrected) {
    return unfit('ALREADY_REPLACED', 'Tài liệu này đã có bản thay thế', 'This document already has a replacement');
  }
  if (old.state !== 'archived') {
    return unfit(
      'NOT_ARCHIVED',
      'Chỉ thay thế được tài liệu đã lưu trữ; tài liệu chưa lưu trữ thì trả lại hoặc thu hồi',
      'Only an archived document can be replaced; return or withdraw one that is not',
    );
  }
  return undefined;
}
