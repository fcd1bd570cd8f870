/** Rows of the parties (`0003-parties-archive.ts`). */
import type { ColumnType } from 'kysely';
import type { Json } from './platform.ts';

export interface FacilityProfileTable {
  facility_id: string;
  /** Mã cơ sở khám bệnh, chữa bệnh. */
  code: string;
  /** Cơ quan chủ quản, as printed. */
  parent_authority: string;
  /** Place in the line "…, ngày … tháng … năm …". */
  place: string;
  /** UID of the facility in its certificates (`MST:…`). */
  uid: string | null;
  updated_at: Date;
}

export interface PatientTable {
  id: string;
  facility_id: string;
  full_name: string;
  /** `YYYY-MM-DD` or `YYYY`. */
  birth_date: string | null;
  identity_number: string | null;
  insurance_number: string | null;
  created_at: Date;
}

export interface ClinicianTable {
  id: string;
  facility_id: string;
  staff_code: string;
  full_name: string;
  title: string;
  department: string;
  licence_number: string | null;
  /** Vietnamese calendar days `YYYY-MM-DD`, both inclusive. */
  licence_from: string | null;
  licence_to: string | null;
  /** UID in the person's certificates (`CCCD:…`). */
  uid: string | null;
  roles: string[];
  active: boolean;
  created_at: Date;
  updated_at: Date;
}

export interface DelegationTable {
  id: string;
  facility_id: string;
  clinician_id: string;
  role: string;
  valid_from: string;
  valid_to: string;
  /** Number of the written delegation. */
  document_number: string;
  created_at: Date;
}

export interface CredentialTable {
  id: string;
  facility_id: string;
  /** Null: a credential of the facility itself (seal). */
  clinician_id: string | null;
  kind: string;
  certificate: Uint8Array;
  /** Issuers of the certificate, DER in base 64, nearest first. */
  chain: Json<string[]>;
  fingerprint: string;
  issuer_der: Uint8Array;
  issuer: string;
  serial: string;
  uid: string | null;
  not_before: Date;
  not_after: Date;
  scheme: Json<Record<string, unknown>>;
  /** Encrypted PKCS#12 container, for `pkcs12`; never its PIN. */
  container: ColumnType<Uint8Array | null, Uint8Array | null, never>;
  enrolled_at: Date;
  withdrawn_at: Date | null;
}

export interface PartiesTables {
  facility_profile: FacilityProfileTable;
  patient: PatientTable;
  clinician: ClinicianTable;
  delegation: DelegationTable;
  credential: CredentialTable;
}
