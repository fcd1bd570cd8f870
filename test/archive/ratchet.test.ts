import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  explain,
  loadPolicies,
  mergeFacts,
  type RetentionFacts,
  type RetentionPolicy,
} from '../../src/archive/index.ts';
import { type Promised, ratchet } from '../../src/archive/retention/ratchet.ts';
import { CAUSES, OUTCOMES } from '../../src/forms/index.ts';

let policies: readonly RetentionPolicy[];
beforeAll(async () => {
  policies = await loadPolicies(join(import.meta.dirname, '../../storage-policies'));
});

const moment = fc
  .date({ min: new Date('2005-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const kinds = ['treatment', 'chronic-outpatient', 'surrogacy', 'health-check-certificate', 'never-heard-of'];
const facts: fc.Arbitrary<RetentionFacts> = fc
  .record(
    {
      kind: fc.constantFrom(...kinds),
      dischargedAt: moment,
      diedAt: moment,
      closedAt: moment,
      issuedAt: moment,
      outcome: fc.constantFrom(...OUTCOMES),
      causes: fc.uniqueArray(fc.constantFrom(...CAUSES), { maxLength: 4 }),
    },
    { requiredKeys: ['kind', 'causes'] },
  )
  .map((one) => one as RetentionFacts);
const history = fc.array(
  fc.record({ facts, at: fc.date({ min: new Date('2026-01-01'), max: new Date('2060-01-01'), noInvalidDate: true }) }),
  { minLength: 1, maxLength: 8 },
);

describe('Whatever a record learns, and when', () => {
  it('its date never comes nearer, and permanence never ends', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let known: RetentionFacts | undefined;
        let promised: Promised | undefined;
        for (const step of steps.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
          known = mergeFacts(known, step.facts);
          const next = ratchet(promised, explain(known, policies, step.at));
          if (promised !== undefined) {
            expect(next.retainUntil >= promised.retainUntil).toBe(true);
            if (promised.state === 'permanent') expect(next).toMatchObject({ state: 'permanent', hold: 'PERMANENT' });
          }
          expect(next.hold !== undefined).toBe(next.state === 'permanent' || next.state === 'open-episode');
          promised = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a document that does not name the kind of the file does not change it', () => {
    const known = { kind: 'chronic-outpatient', causes: ['mental-illness'] };
    expect(mergeFacts(known, { kind: 'treatment', closedAt: '2026-11-01T00:00:00Z', causes: [] })).toEqual({
      ...known,
      closedAt: '2026-11-01T00:00:00Z',
    });
  });

  it('mixed facts are kept at least as long as each of them alone', () => {
    const now = new Date('2026-11-27T03:00:00Z');
    fc.assert(
      fc.property(facts, (mixed) => {
        const whole = explain(mixed, policies, now);
        if (whole.state === 'open-episode') return;
        for (const cause of mixed.causes) {
          const alone = explain({ ...mixed, causes: [cause] }, policies, now);
          if (alone.state !== 'open-episode') expect(whole.retainUntil >= alone.retainUntil).toBe(true);
          if (alone.permanent) expect(whole.permanent).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a date is always midnight of New Year in Vietnam, N years after the year of the end', () => {
    fc.assert(
      fc.property(moment, (dischargedAt) => {
        const { retainUntil } = explain(
          { kind: 'treatment', dischargedAt, causes: [] },
          policies,
          new Date('2026-01-01'),
        );
        const inVietnam = new Date(Date.parse(dischargedAt) + 7 * 3_600_000);
        expect(new Date(retainUntil.getTime() + 7 * 3_600_000).toISOString()).toBe(
          `${inVietnam.getUTCFullYear() + 11}-01-01T00:00:00.000Z`,
        );
      }),
    );
  });
});
