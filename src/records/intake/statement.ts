/** What the sender says about the record and the document's number beside the form's content. */
import { CAUSES, OUTCOMES, type RecordFacts } from '../../forms/index.ts';
import { AppError, type InputMistake, nfc } from '../../shared/index.ts';

/** Facts about the episode that its documents do not say. */
export interface RecordStatement {
  readonly number: string;
  readonly causes?: readonly string[] | undefined;
  readonly outcome?: string | undefined;
}

export interface CheckedStatement {
  readonly number: string;
  readonly documentNumber: string | undefined;
  readonly causes: RecordFacts['causes'];
  readonly outcome: RecordFacts['outcome'];
}

/** A letter of Vietnamese (NFC) or a digit, so that a number can be printed, typed and read aloud. */
const LETTER = 'A-Za-zÀ-ÃÈ-ÊÌÍÒ-ÕÙÚÝà-ãè-êìíò-õùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ0-9';
const NUMBER = new RegExp(`^[${LETTER}][${LETTER} ./_-]{0,63}$`);

/** The statement composed and trimmed, with every mistake in it. */
export function checkStatement(
  record: RecordStatement,
  documentNumber: string | undefined,
): { readonly statement: CheckedStatement; readonly mistakes: InputMistake[] } {
  const mistakes: InputMistake[] = [];
  const number = nfc(record.number).trim();
  if (!NUMBER.test(number)) {
    mistakes.push({
      path: '/record/number',
      code: 'NUMBER_MALFORMED',
      vi: 'Số hồ sơ phải có 1–64 chữ cái tiếng Việt, chữ số hoặc các dấu . / _ -',
      en: 'The record number must be 1–64 letters of Vietnamese, digits or . / _ -',
    });
  }
  const printed = documentNumber === undefined ? undefined : nfc(documentNumber).trim();
  if (printed !== undefined && !NUMBER.test(printed)) {
    mistakes.push({
      path: '/number',
      code: 'NUMBER_MALFORMED',
      vi: 'Số của giấy tờ phải có 1–64 chữ cái tiếng Việt, chữ số hoặc các dấu . / _ -',
      en: 'The document number must be 1–64 letters of Vietnamese, digits or . / _ -',
    });
  }
  const causes = CAUSES.filter((cause) => record.causes?.includes(cause));
  for (const [index, cause] of (record.causes ?? []).entries()) {
    if ((CAUSES as readonly string[]).includes(cause)) continue;
    mistakes.push({
      path: `/record/causes/${index}`,
      code: 'CAUSE_UNKNOWN',
      vi: `Nguyên nhân phải là một trong: ${CAUSES.join(', ')}`,
      en: `The cause must be one of: ${CAUSES.join(', ')}`,
    });
  }
  const outcome = OUTCOMES.find((known) => known === record.outcome);
  if (record.outcome !== undefined && outcome === undefined) {
    mistakes.push({
      path: '/record/outcome',
      code: 'OUTCOME_UNKNOWN',
      vi: `Tình trạng ra viện phải là một trong: ${OUTCOMES.join(', ')}`,
      en: `The outcome must be one of: ${OUTCOMES.join(', ')}`,
    });
  }
  return { statement: { number, documentNumber: printed, causes, outcome }, mistakes };
}

/** What the content says, with what is stated beside it. @throws RECORD_MISMATCH. */
export function withStatement(facts: RecordFacts, statement: CheckedStatement): RecordFacts {
  if (facts.recordNumber !== statement.number) throw new AppError('RECORD_MISMATCH');
  return {
    ...facts,
    causes: [...new Set([...facts.causes, ...statement.causes])].sort(),
    ...(facts.outcome === undefined && statement.outcome !== undefined ? { outcome: statement.outcome } : {}),
  };
}
