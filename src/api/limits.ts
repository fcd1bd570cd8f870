/** How much a caller may ask for: by key, by network address, and more strictly who comes with keys that are refused. */
import { createRateLimit, type RateLimit } from '../platform/access/index.ts';
import { AppError, type Clock } from '../shared/index.ts';

export interface LimitSettings {
  /** Requests a minute of one API key. */
  readonly perKey: number;
  /** Requests a minute from one network address, pages included. */
  readonly perAddress: number;
  /** Lookups a minute from one network address; and, counted apart, requests whose key is refused. */
  readonly lookupsPerAddress: number;
}

/** Generous to a hospital's systems, noticeable for one that runs wild. */
export const DEFAULT_LIMITS: LimitSettings = { perKey: 12_000, perAddress: 24_000, lookupsPerAddress: 60 };

/** Each counts one request. @throws RATE_LIMITED, with the seconds to wait. */
export interface Limits {
  readonly address: (address: string) => void;
  readonly key: (keyId: string) => void;
  /** Called when a key has been refused; the work was done, only the answer changes. */
  readonly refusal: (address: string) => void;
}

export function createLimits(settings: LimitSettings, clock: Clock): Limits {
  const counting = (perMinute: number) => {
    const limit: RateLimit = createRateLimit({ clock, perMinute });
    return (caller: string): void => {
      const retryAfterSeconds = limit(caller);
      if (retryAfterSeconds > 0) throw new AppError('RATE_LIMITED', { extra: { retryAfterSeconds } });
    };
  };
  return {
    address: counting(settings.perAddress),
    key: counting(settings.perKey),
    refusal: counting(settings.lookupsPerAddress),
  };
}
