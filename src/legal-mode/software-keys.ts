import type { BilingualText } from '../shared/index.ts';

export interface SoftwareKeys extends BilingualText {
  /** Who accepted it. */
  readonly acceptedBy: string;
}

/**
 * What every validation report of a legal installation says beside its verdict when keys may be kept in software: the signature is
 * no worse as mathematics, but nobody can prove that the key never left a device.
 */
export function softwareKeyStatement(
  mode: 'demo' | 'legal',
  acceptedBy: string | undefined,
): { softwareKeys?: SoftwareKeys } {
  if (mode !== 'legal' || acceptedBy === undefined) return {};
  return {
    softwareKeys: {
      acceptedBy,
      vi: `Cơ sở này giữ khóa ký bằng phần mềm (PKCS#12), không phải bằng thiết bị; người chấp nhận: ${acceptedBy}.`,
      en: `This installation keeps signing keys in software (PKCS#12), not in devices; accepted by ${acceptedBy}.`,
    },
  };
}
