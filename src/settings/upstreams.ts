/** Services of others, and the way to them. */
import { z } from 'zod';
import { FOLDER, HOST_LIST, hostList, httpUrl, setting, URL_FORM, urlList } from './setting.ts';

export const UPSTREAMS = {
  TSA_URLS: setting({
    schema: urlList,
    fallback: '',
    secret: true,
    form: { vi: 'các địa chỉ, cách nhau bằng dấu phẩy', en: 'addresses, separated by commas' },
    meaning: {
      vi: 'Các dịch vụ cấp dấu thời gian (RFC 3161), thử theo thứ tự.',
      en: 'Time-stamp authorities (RFC 3161), tried in this order.',
    },
  }),
  INSIDE_HOSTS: setting({
    schema: hostList,
    fallback: '',
    form: HOST_LIST,
    meaning: {
      vi: 'Máy chủ dấu thời gian, OCSP, CRL trong mạng nội bộ được phép kết nối; các địa chỉ nội bộ khác bị từ chối.',
      en: 'Time-stamp, OCSP and CRL servers inside the own network that may be contacted; other private addresses are refused.',
    },
  }),
  UPSTREAM_CA_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Chứng thư CA riêng của từng dịch vụ: `<máy>.pem` hoặc `<máy>_<cổng>.pem`, dùng thay cho các CA công cộng (TSA, OCSP, CRL, S3, Redis).',
      en: 'CA certificates of single services: `<host>.pem` or `<host>_<port>.pem`, used instead of the public CAs (TSA, OCSP, CRL, S3, Redis).',
    },
  }),
  UNENCRYPTED_HOSTS: setting({
    schema: hostList,
    fallback: '',
    form: HOST_LIST,
    meaning: {
      vi: 'Dịch vụ mà MODE=legal vẫn được kết nối không mã hóa (TSA chỉ có http; S3, PostgreSQL, Redis trong mạng riêng). Máy này (loopback) không cần ghi.',
      en: 'Services that MODE=legal may reach unencrypted (a TSA that offers http only; S3, PostgreSQL, Redis within a private network). This machine (loopback) need not be listed.',
    },
  }),
  HTTPS_PROXY: setting({
    schema: httpUrl.optional(),
    secret: true,
    form: URL_FORM,
    meaning: { vi: 'Proxy cho các dịch vụ bên ngoài.', en: 'Proxy to outside services.' },
  }),
  NO_PROXY: setting({
    schema: z.string(),
    fallback: '',
    form: { vi: 'các tên máy, cách nhau bằng dấu phẩy', en: 'host names, separated by commas' },
    meaning: { vi: 'Các máy không đi qua proxy.', en: 'Hosts reached without the proxy.' },
  }),
} as const;
