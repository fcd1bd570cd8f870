/** What every answer tells a browser: keep nothing, guess nothing, show it nowhere else, load nothing from elsewhere. */

/** Pages replace the Content-Security-Policy by their own; nothing else may. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // Patients' papers stay in no cache, on no shared computer (RFC 9111 §5.2.2.5).
  'cache-control': 'no-store',
} as const;

/** For installations that are reached by https: a year of nothing else (RFC 6797). */
export const HSTS = 'max-age=31536000';
