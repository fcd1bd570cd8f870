/** The people of the demo hospital, plainly fictional, with the keys that Vietnamese signers have. */
import type { Authority, Identity } from './types.ts';

export const DEMO_HOSPITAL = 'Bệnh viện Đa khoa Minh Hoạ';

/** Everybody that `issueDemoCast` makes; `slug` is also the name of the files. */
export type CastMember = keyof typeof CAST;

const CAST = {
  /** Người hành nghề. */
  practitioner: { commonName: 'Trần Văn Mẫu', uid: 'CCCD:001000000001', keyType: 'RSA-2048' },
  /** Trưởng khoa; a P-256 key. */
  head: { commonName: 'Lê Văn Thử', uid: 'CCCD:001000000002', keyType: 'P-256' },
  /** Người đại diện đơn vị. */
  representative: {
    commonName: 'Phạm Thị Minh Hoạ',
    uid: ['MST:0100000001', 'CCCD:001000000003'],
    organization: DEMO_HOSPITAL,
    keyType: 'RSA-2048',
  },
  /** Chữ ký số của cơ sở. */
  seal: { commonName: DEMO_HOSPITAL, uid: 'MST:0100000001', organization: DEMO_HOSPITAL, keyType: 'RSA-2048' },
} as const;

/** Issues a certificate to each of the cast. */
export async function issueDemoCast(authority: Authority): Promise<Readonly<Record<CastMember, Identity>>> {
  const issue = (member: CastMember) => authority.issuePerson({ ...CAST[member], slug: member });
  return {
    practitioner: await issue('practitioner'),
    head: await issue('head'),
    representative: await issue('representative'),
    seal: await issue('seal'),
  };
}
