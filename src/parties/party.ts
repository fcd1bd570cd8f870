/** Who takes part: hospitals, the people they treat, the people who sign. Names are for printing, never for matching. */

/** A hospital or clinic. */
export interface Facility {
  readonly id: string;
  readonly name: string;
  /** Mã cơ sở khám bệnh, chữa bệnh. */
  readonly code: string;
  /** Cơ quan chủ quản, as printed. */
  readonly parentAuthority: string;
  /** Place in the line "…, ngày … tháng … năm …". */
  readonly place: string;
  /** UID in the facility's certificates: `MST:…`. */
  readonly uid: string | undefined;
}

/** Identity only. */
export interface Patient {
  readonly id: string;
  readonly facilityId: string;
  readonly fullName: string;
  /** `YYYY-MM-DD` or `YYYY`. */
  readonly birthDate: string | undefined;
  /** CCCD / personal identification number, or passport number. */
  readonly identityNumber: string | undefined;
  readonly insuranceNumber: string | undefined;
}

/** Giấy phép hành nghề. Days are Vietnamese calendar days `YYYY-MM-DD`, both inclusive. */
export interface Licence {
  readonly number: string;
  readonly validFrom: string;
  /** Absent: without end. */
  readonly validTo: string | undefined;
}

/** A written order by which someone acts in a role for some days. */
export interface Delegation {
  readonly id: string;
  readonly role: string;
  /** Vietnamese calendar days `YYYY-MM-DD`, both inclusive. */
  readonly validFrom: string;
  readonly validTo: string;
  /** Number of the written order. */
  readonly documentNumber: string;
}

export interface Clinician {
  readonly id: string;
  readonly facilityId: string;
  /** The hospital's own code for the person. */
  readonly staffCode: string;
  readonly name: string;
  /** As printed under the signature: `Bác sĩ điều trị`. */
  readonly title: string;
  readonly department: string;
  readonly licence: Licence | undefined;
  /** UID in the person's certificates: `CCCD:…`. */
  readonly uid: string | undefined;
  /** Roles of forms that the person holds in their own right: `practitioner`, `unit-representative` … */
  readonly roles: readonly string[];
  readonly active: boolean;
}
