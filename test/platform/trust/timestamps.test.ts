/** A time-stamp is handed on only when it answers our question and leads to a trusted authority; else the next one is asked. */
import { describe, expect, test } from 'vitest';
import { parseTimestampToken } from '../../../src/engines/crypto/index.ts';
import { type AuthorityFaults, authorityTransport } from '../../../src/platform/trust/authority/index.ts';
import { createTimestampSource, type Transport } from '../../../src/platform/trust/index.ts';
import { AppError, digest } from '../../../src/shared/index.ts';
import { TEST_NOW, testAuthority } from '../../support/authority.ts';

const imprint = digest('SHA-256', new TextEncoder().encode('chữ ký'));

test('a good token is handed on and counted', async () => {
  const { timestamp, authority } = await testAuthority();
  const token = parseTimestampToken(await timestamp(imprint, 'SHA-256'));
  expect(token.time).toEqual(TEST_NOW);
  expect(Buffer.from(token.imprint.value).equals(imprint)).toBe(true);
  expect(timestamp.usage()).toMatchObject([{ url: authority.timestampUrl, tokens: 1, failures: 0 }]);
});

test.each(['SHA-384', 'SHA-512'] as const)('imprints of %s are stamped too', async (name) => {
  const { timestamp } = await testAuthority();
  const wide = digest(name, imprint);
  expect(parseTimestampToken(await timestamp(wide, name)).imprint.digest).toBe(name);
});

describe('a misbehaving authority gets nothing past us', () => {
  test.each<[AuthorityFaults, RegExp]>([
    [{ tsa: 'down' }, /HTTP 503/],
    [{ tsa: 'garbage' }, /not a time-stamp reply/],
    [{ tsa: 'rejection' }, /rejection systemFailure/],
    [{ tsa: 'wrong-imprint' }, /wrong imprint/],
    [{ tsa: 'wrong-nonce' }, /wrong nonce/],
    [{ tsa: 'missing-nonce' }, /wrong nonce/],
    [{ tsa: 'expired-certificate' }, /not trusted \(.*EXPIRED/],
    [{ tsa: 'wrong-purpose' }, /TSA_EKU/],
    [{ tsa: 'broken-signature' }, /broken token/],
    [{ tsaSkewMs: 3_600_000 }, /outside the window/],
    [{ tsaSkewMs: -3_600_000 }, /outside the window/],
  ])('%j', async (faults, reason) => {
    const { authority, timestamp } = await testAuthority();
    authority.setFaults(faults);
    const failure = await timestamp(imprint, 'SHA-256').catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'TSA_UNAVAILABLE', detail: { en: expect.stringMatching(reason) } });
    expect(timestamp.usage()).toMatchObject([{ tokens: 0, failures: 1 }]);
  });

  test('a policy that was asked for is insisted on', async () => {
    const { authority, transport, clock, anchors } = await testAuthority();
    const urls = [authority.timestampUrl];
    const insisting = (policy: string) => createTimestampSource({ urls, transport, clock, anchors, policy });
    await expect(insisting('2.999.3161.1')(imprint, 'SHA-256')).resolves.toBeDefined();
    await expect(insisting('2.999.7')(imprint, 'SHA-256')).rejects.toThrow(/unacceptedPolicy/);
    authority.setFaults({ tsa: 'wrong-policy' });
    await expect(insisting('2.999.3161.1')(imprint, 'SHA-256')).rejects.toThrow(/policy 2\.999\.3161\.2/);
  });

  test('an authority that leads to no anchor of ours is not believed', async () => {
    const { authority, transport, clock } = await testAuthority();
    const source = createTimestampSource({ urls: [authority.timestampUrl], transport, clock, anchors: [] });
    await expect(source(imprint, 'SHA-256')).rejects.toThrow(/not trusted/);
  });

  test('one that answers too slowly is given up', async () => {
    const { authority, transport, clock, anchors } = await testAuthority();
    authority.setFaults({ tsaDelayMs: 2_000 });
    const urls = [authority.timestampUrl];
    const source = createTimestampSource({ urls, transport, clock, anchors, timeoutMs: 20 });
    await expect(source(imprint, 'SHA-256')).rejects.toMatchObject({ code: 'TSA_UNAVAILABLE' });
  });
});

describe('several authorities', () => {
  /** The first address is broken as `failing` says; the second is the good authority. Counts calls of the first. */
  async function twoAuthorities() {
    const { authority, clock, anchors } = await testAuthority();
    const calls = { first: 0 };
    let broken = true;
    const transport: Transport = async (request) => {
      if (!request.url.startsWith('http://first.example/')) return authorityTransport(authority)(request);
      calls.first += 1;
      if (broken) throw new AppError('OUTGOING_TIMEOUT');
      return authorityTransport(authority)({ ...request, url: authority.timestampUrl });
    };
    const urls = ['http://first.example/tsa', authority.timestampUrl];
    const source = createTimestampSource({
      ...{ urls, transport, clock, anchors },
      rest: { failures: 2, firstRestMs: 2_000, longestRestMs: 5_000 },
    });
    const mend = () => {
      broken = false;
    };
    return { source, clock, calls, mend, authority };
  }

  test('the second is asked when the first fails', async () => {
    const { source } = await twoAuthorities();
    await expect(source(imprint, 'SHA-256')).resolves.toBeDefined();
    expect(source.usage()).toMatchObject([
      { url: 'http://first.example/tsa', tokens: 0, failures: 1 },
      { tokens: 1, failures: 0 },
    ]);
  });

  test('one that keeps failing rests, each time longer up to a limit, and comes back', async () => {
    const { source, clock, calls, mend } = await twoAuthorities();
    for (let round = 0; round < 5; round += 1) await source(imprint, 'SHA-256');
    expect(calls.first).toBe(2);
    for (const [index, restMs] of [2_000, 4_000, 5_000, 5_000].entries()) {
      expect(source.usage()[0]?.restingUntil).toEqual(new Date(clock.now().getTime() + restMs));
      clock.advance(restMs - 1);
      await source(imprint, 'SHA-256');
      expect(calls.first).toBe(2 + index);
      clock.advance(1);
      await source(imprint, 'SHA-256');
      await source(imprint, 'SHA-256');
      expect(calls.first).toBe(3 + index);
    }
    mend();
    clock.advance(5_000);
    await source(imprint, 'SHA-256');
    await source(imprint, 'SHA-256');
    expect(source.usage()[0]).toMatchObject({ tokens: 2, restingUntil: undefined });
  });

  test('a rest that began while the clock was a day ahead ends when the clock is right again', async () => {
    const { source, clock, calls } = await twoAuthorities();
    clock.advance(86_400_000);
    for (let round = 0; round < 3; round += 1) await source(imprint, 'SHA-256').catch(() => undefined);
    clock.advance(-86_400_000);
    expect(source.usage()[0]?.restingUntil).toBeUndefined();
    const before = calls.first;
    await source(imprint, 'SHA-256');
    expect(calls.first).toBe(before + 1);
  });

  test('when all fail the causes are named, one by one, and passwords are not', async () => {
    const { transport, clock, anchors, authority } = await testAuthority();
    authority.setFaults({ tsa: 'down' });
    const urls = [authority.timestampUrl, 'http://user:secret@other.example/tsa'];
    const failure = await createTimestampSource({ urls, transport, clock, anchors })(imprint, 'SHA-256').catch(
      (thrown: unknown) => thrown,
    );
    expect(String(failure)).toMatch(/9480\/tsa: HTTP 503; http:\/\/other\.example\/tsa: /);
    expect(String(failure)).not.toContain('secret');
  });

  test('one that allows few requests is not asked for more, until its period is over', async () => {
    const { transport, clock, anchors, authority } = await testAuthority();
    const limited = { url: authority.timestampUrl, limit: { requests: 2, periodMs: 20 * 60_000 } };
    const source = createTimestampSource({ urls: [limited], transport, clock, anchors });
    await source(imprint, 'SHA-256');
    clock.advance(60_000);
    await source(imprint, 'SHA-256');
    await expect(source(imprint, 'SHA-256')).rejects.toThrow(/quota used up/);
    clock.advance(19 * 60_000);
    await expect(source(imprint, 'SHA-256')).resolves.toBeDefined();
    await expect(source(imprint, 'SHA-256')).rejects.toThrow(/quota used up/);
    expect(source.usage()).toMatchObject([{ tokens: 3, failures: 0 }]);
  });

  test('without any, that is said', async () => {
    const { transport, clock, anchors } = await testAuthority();
    const none = createTimestampSource({ urls: [], transport, clock, anchors });
    await expect(none(imprint, 'SHA-256')).rejects.toMatchObject({ code: 'TSA_UNAVAILABLE' });
  });
});
