import type { BilingualText } from '../../shared/index.ts';

/** What does not fit in a log; ids and numbers only. */
export const LOG_FINDINGS = {
  indexMissing: (index: number): BilingualText => ({
    vi: `thiếu số thứ tự ${index}`,
    en: `index ${index} is missing`,
  }),
  entryMissing: (index: number): BilingualText => ({
    vi: `thiếu mục có số thứ tự ${index}`,
    en: `entry of index ${index} is missing`,
  }),
  entryChanged: (id: string | undefined, index: number): BilingualText => ({
    vi: `mục ${id} (số thứ tự ${index}) đã bị sửa`,
    en: `entry ${id} (index ${index}) was changed`,
  }),
  tailCut: (size: number, signed: number): BilingualText => ({
    vi: `nhật ký có ${size} mục, nhưng điểm chốt cuối cùng ghi ${signed}`,
    en: `the log holds ${size} entries, its last checkpoint ${signed}`,
  }),
  stray: (count: number): BilingualText => ({
    vi: `${count} mục không nằm trong nhật ký và cũng không đang chờ ghi vào`,
    en: `${count} entries are neither in the log nor waiting for it`,
  }),
  notSigned: (size: number): BilingualText => ({
    vi: `điểm chốt ở cỡ ${size} không được ký bằng khóa của nhật ký này`,
    en: `the checkpoint of size ${size} is not signed by the key of this log`,
  }),
  rootDiffers: (size: number): BilingualText => ({
    vi: `các mục không cho ra giá trị gốc đã được ký ở cỡ ${size}`,
    en: `the entries do not give the root that was signed for size ${size}`,
  }),
  tileDiffers: (path: string, size: number): BilingualText => ({
    vi: `${path} không khớp với ${size} mục đã đọc`,
    en: `${path} does not fit the ${size} entries read`,
  }),
} as const;
