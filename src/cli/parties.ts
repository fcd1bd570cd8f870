/** What commands share that register facilities, people, keys and certificates: with these a new installation begins. */
import type { Antin } from '../compose/index.ts';
import type { Clinician, Facility } from '../parties/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import { AppError } from '../shared/index.ts';
import { withAntin } from './with-antin.ts';

/** Whoever may run commands on this machine; who that was is for the machine's own log. */
export const OPERATOR: AuditActor = { kind: 'system', id: 'command-line' };

export interface PartyOptions {
  readonly data?: string;
  readonly json: boolean;
}

/** Opens the installation, settles what its data are worth, and prints the answer. */
export async function registering(options: PartyOptions, work: (antin: Antin) => Promise<Answer>): Promise<void> {
  await withAntin({ data: options.data }, async (antin) => {
    await antin.settleMode();
    const { words, fields } = await work(antin);
    console.log(options.json ? JSON.stringify(fields) : words);
  });
}

export interface Answer {
  /** For people. */
  readonly words: string;
  /** For programs. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @throws PARTY_NOT_FOUND. */
export async function facilityOf({ parties }: Antin, code: string): Promise<Facility> {
  const facility = await parties.findFacilityByCode(code);
  if (facility !== undefined) return facility;
  throw new AppError('PARTY_NOT_FOUND', {
    detail: { vi: `Không có cơ sở nào mang mã ${code}`, en: `There is no facility with the code ${code}` },
  });
}

/** @throws PARTY_NOT_FOUND. */
export async function clinicianOf({ parties }: Antin, facility: Facility, staffCode: string): Promise<Clinician> {
  const clinician = await parties.findClinicianByStaffCode(facility.id, staffCode);
  if (clinician !== undefined) return clinician;
  throw new AppError('PARTY_NOT_FOUND', {
    detail: { vi: `Không có người hành nghề nào mang mã ${staffCode}`, en: `Nobody has the staff code ${staffCode}` },
  });
}
