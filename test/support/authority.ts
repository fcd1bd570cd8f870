/**
 * The test authority: real certificates, time-stamps and revocation answers under a clock that tests set. Keys are made once a
 * process; every call starts from them with a clean state (nobody revoked, no faults), so tests cannot disturb each other.
 */
import { type RawSigner, rawSigner, type SigningScheme } from '../../src/engines/crypto/index.ts';
import type { LocalSigner } from '../../src/engines/pades/index.ts';
import {
  type Authority,
  type AuthoritySnapshot,
  authorityTransport,
  type CastMember,
  createAuthority,
  type Identity,
  issueDemoCast,
  restoreAuthority,
} from '../../src/platform/trust/authority/index.ts';
import {
  createMaterialSource,
  createTimestampSource,
  type MaterialSource,
  type MeteredTimestampSource,
  type Transport,
} from '../../src/platform/trust/index.ts';
import { type Clock, settableClock, systemClock } from '../../src/shared/index.ts';

/** When the stories of the tests begin: 09:00 in Việt Nam. */
export const TEST_NOW = new Date('2026-06-01T02:00:00Z');

export interface TestAuthority<C extends Clock = Clock> {
  readonly authority: Authority;
  readonly clock: C;
  /** The root: for signers and for time-stamps. */
  readonly anchors: readonly [Authority['root']];
  readonly transport: Transport;
  readonly timestamp: MeteredTimestampSource;
  readonly material: MaterialSource;
  readonly cast: Readonly<Record<CastMember, Identity>>;
}

export type SettableClock = ReturnType<typeof settableClock>;

const bases = new Map<string, Promise<AuthoritySnapshot>>();

/** An authority whose clock stands at `TEST_NOW` until the test moves it. */
export async function testAuthority(): Promise<TestAuthority<SettableClock>> {
  const clock = settableClock(TEST_NOW);
  return dressed(await base('fixed', settableClock(TEST_NOW)), clock, async (milliseconds) =>
    clock.advance(milliseconds),
  );
}

/** An authority of today, for outside judges that look at the real clock. */
export async function liveAuthority(): Promise<TestAuthority> {
  return dressed(await base('live', systemClock), systemClock);
}

/** What `sign` of the PAdES engine takes; `scheme` where the credential's usual one is not wanted (PKCS#1 v1.5). */
export function localSigner(identity: Identity, scheme: SigningScheme = identity.scheme): LocalSigner {
  const sign: RawSigner = rawSigner(identity.privateKey, scheme);
  return { certificate: identity.certificate, chain: identity.chain, scheme, sign };
}

function base(name: string, clock: Clock): Promise<AuthoritySnapshot> {
  const known = bases.get(name);
  if (known !== undefined) return known;
  const made = createAuthority({ clock }).then(async (authority) => {
    await issueDemoCast(authority);
    return authority.snapshot();
  });
  bases.set(name, made);
  return made;
}

function dressed<C extends Clock>(
  snapshot: AuthoritySnapshot,
  clock: C,
  wait?: (milliseconds: number) => Promise<void>,
): TestAuthority<C> {
  const authority = restoreAuthority(snapshot, clock);
  const anchors = [authority.root] as const;
  const transport = authorityTransport(authority);
  return {
    authority,
    clock,
    anchors,
    transport,
    timestamp: createTimestampSource({ urls: [authority.timestampUrl], transport, clock, anchors }),
    material: createMaterialSource({ transport, clock, anchors, ...(wait === undefined ? {} : { wait }) }),
    cast: {
      practitioner: authority.identity('practitioner'),
      head: authority.identity('head'),
      representative: authority.identity('representative'),
      seal: authority.identity('seal'),
    },
  };
}
