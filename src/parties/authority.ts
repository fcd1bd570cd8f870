/** May this person act in that role on this day? */
import { AppError, type BilingualText, type ProblemCode, vnParts } from '../shared/index.ts';
import type { Clinician, Delegation } from './party.ts';

export type Authority =
  | { readonly ok: true; readonly clinician: Clinician; readonly delegation: Delegation | undefined }
  /** Codes: CLINICIAN_INACTIVE, SIGNER_ROLE_REQUIRED, LICENCE_*, DELEGATION_*. */
  | { readonly ok: false; readonly refusal: AppError };

/** Roles that practise medicine: nobody holds them without a licence valid on the day (Law 15/2023/QH15 Art 19). */
const PRACTISING_ROLES: ReadonlySet<string> = new Set(['practitioner']);

/** Judges by what is on file; days are days in Vietnam. */
export function judgeAuthority(
  clinician: Clinician,
  delegations: readonly Delegation[],
  role: string,
  at: Date,
): Authority {
  const day = vnDay(at);
  if (!clinician.active) return refused('CLINICIAN_INACTIVE');
  if (PRACTISING_ROLES.has(role)) {
    const refusal = refuseLicence(clinician, day);
    if (refusal !== undefined) return refusal;
  }
  if (clinician.roles.includes(role)) return { ok: true, clinician, delegation: undefined };
  const forRole = delegations.filter((one) => one.role === role);
  const delegation = forRole.find((one) => one.validFrom <= day && day <= one.validTo);
  if (delegation !== undefined) return { ok: true, clinician, delegation };
  const latest = forRole.reduce<Delegation | undefined>(
    (a, b) => (a === undefined || b.validTo > a.validTo ? b : a),
    undefined,
  );
  if (latest === undefined) {
    return refused('SIGNER_ROLE_REQUIRED', {
      vi: `Ô ký này yêu cầu vai trò “${role}”`,
      en: `This signature asks for the role “${role}”`,
    });
  }
  return latest.validTo < day
    ? refused('DELEGATION_EXPIRED', {
        vi: `Ủy quyền số ${latest.documentNumber} đã hết hiệu lực ngày ${printed(latest.validTo)}`,
        en: `Delegation ${latest.documentNumber} ended on ${latest.validTo}`,
      })
    : refused('DELEGATION_NOT_YET_VALID', {
        vi: `Ủy quyền số ${latest.documentNumber} chỉ có hiệu lực từ ngày ${printed(latest.validFrom)}`,
        en: `Delegation ${latest.documentNumber} begins on ${latest.validFrom}`,
      });
}

function refuseLicence({ licence }: Clinician, day: string): Authority | undefined {
  if (licence === undefined) return refused('LICENCE_MISSING');
  if (day < licence.validFrom) {
    return refused('LICENCE_NOT_YET_VALID', {
      vi: `Giấy phép hành nghề có hiệu lực từ ngày ${printed(licence.validFrom)}`,
      en: `The practising licence begins on ${licence.validFrom}`,
    });
  }
  if (licence.validTo !== undefined && licence.validTo < day) {
    return refused('LICENCE_EXPIRED', {
      vi: `Giấy phép hành nghề đã hết hạn ngày ${printed(licence.validTo)}`,
      en: `The practising licence expired on ${licence.validTo}`,
    });
  }
  return undefined;
}

function refused(code: ProblemCode, detail?: BilingualText): Authority {
  return { ok: false, refusal: new AppError(code, detail === undefined ? {} : { detail }) };
}

/** `2026-11-27` → `27/11/2026`. */
const printed = (day: string): string => day.split('-').reverse().join('/');

/** The day in Vietnam, `2026-11-27`. */
function vnDay(at: Date): string {
  const { year, month, day } = vnParts(at);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
