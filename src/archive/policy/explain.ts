/** From facts to a date, with every step said: the lowest law that fits, counted in the law's calendar, longest period first. */
import { AppError, type BilingualText, startOfVnYear, vnDate, vnParts } from '../../shared/index.ts';
import { meets, namesKind } from './condition.ts';
import type { MomentFact, RetentionFacts } from './facts.ts';
import { newestVersions } from './load-policies.ts';
import { legalBasisText, type RetentionPolicy } from './rule.ts';

/**
 * `dated`: kept until a date · `permanent`: kept for good · `open-episode`: the work has not ended, so no date can be counted yet ·
 * `expired-on-arrival`: an old record whose period ran out before it came; not locked, goes before the review council.
 */
export const RETENTION_STATES = ['dated', 'permanent', 'open-episode', 'expired-on-arrival'] as const;
export type RetentionState = (typeof RETENTION_STATES)[number];

/** Why the store may not let go, whatever the date. */
export type RetentionHold = 'OPEN_EPISODE' | 'PERMANENT';

export interface PolicyReference {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
}

export interface ConsideredRule {
  readonly policy: PolicyReference;
  readonly title: BilingualText;
  readonly applies: boolean;
  /** What this rule alone would ask for (exclusive instant); absent: permanent, or it does not apply, or the work has not ended. */
  readonly retainUntil?: Date;
  readonly why: BilingualText;
}

export interface RetentionExplanation {
  readonly state: RetentionState;
  readonly class: string;
  /**
   * Exclusive instant. `dated`: `(Y+N+1)-01-01T00:00:00+07:00`; `permanent`: the lock to hold now, at least 30 years ahead;
   * `open-episode`: the end of the short floor lock.
   */
  readonly retainUntil: Date;
  /** As people read it: `31/12/2036`; for permanent `Vĩnh viễn`. */
  readonly shownAs: BilingualText;
  readonly permanent: boolean;
  readonly hold: RetentionHold | undefined;
  /** Days of the lock to put before the exact date. */
  readonly floorDays: number;
  readonly policy: PolicyReference;
  readonly legalBasis: BilingualText;
  readonly reasoning: readonly BilingualText[];
  readonly considered: readonly ConsideredRule[];
  readonly facts: RetentionFacts;
  readonly evaluatedAt: Date;
}

/** End of the short lock: a whole day, so that all that happens to a record on one day asks the store for the same date. */
export function floorLock(now: Date, days: number): Date {
  return new Date((Math.ceil(now.getTime() / DAY_MS) + days) * DAY_MS);
}

/** The end of retention as people read it. */
export function shownAs(state: RetentionState, retainUntil: Date): BilingualText {
  if (state === 'permanent') return FOR_EVER;
  if (state === 'open-episode') return STILL_OPEN;
  const lastDay = vnDate(new Date(retainUntil.getTime() - 1));
  return { vi: lastDay, en: lastDay };
}

/** COMPLIANCE cannot say "for ever": a permanent record is locked this far ahead and rolled on every year. */
const PERMANENT_LOCK_YEARS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

interface Judged {
  readonly policy: RetentionPolicy;
  readonly end: Date | undefined;
  readonly until: Date | undefined;
  readonly applies: boolean;
  readonly why: BilingualText;
}

/**
 * Which rule decides and until when, judged at `now`. Never lower than what any applying rule asks for.
 * @throws POLICY_INVALID if no rule is fit for the record (a directory that `loadPolicies` accepted always has one).
 */
export function explain(facts: RetentionFacts, policies: readonly RetentionPolicy[], now: Date): RetentionExplanation {
  const judged = judge(withEnd(facts), newestVersions(policies), now);
  const applied = judged.filter(({ applies }) => applies).sort(longestFirst);
  const decisive = applied[0];
  if (decisive === undefined) throw new AppError('POLICY_INVALID', { detail: NO_RULE });
  const { policy } = decisive;
  const open = applied.some(({ end }) => end === undefined);
  const common = {
    class: policy.class,
    floorDays: policy.floorDays,
    policy: reference(policy),
    legalBasis: legalBasisText(policy),
    considered: judged.map(considered),
    facts,
    evaluatedAt: now,
  };
  const because = appliedLines(applied, facts);
  if (policy.period === 'permanent') {
    const ahead = startOfVnYear(vnParts(now).year + PERMANENT_LOCK_YEARS + 1);
    // Another group of the same record may ask for a date beyond that.
    const retainUntil = new Date(Math.max(...applied.map(({ until }) => (until ?? ahead).getTime())));
    const reasoning = [...because, permanentLine(retainUntil), ...confidenceLine(policy)];
    return {
      ...common,
      state: 'permanent',
      permanent: true,
      hold: 'PERMANENT',
      retainUntil,
      shownAs: shownAs('permanent', retainUntil),
      reasoning,
    };
  }
  const { end, until } = decisive;
  if (open || end === undefined || until === undefined) {
    const retainUntil = floorLock(now, policy.floorDays);
    const reasoning = [...because, openLine(policy.floorDays), ...confidenceLine(policy)];
    return {
      ...common,
      state: 'open-episode',
      permanent: false,
      hold: 'OPEN_EPISODE',
      retainUntil,
      shownAs: shownAs('open-episode', retainUntil),
      reasoning,
    };
  }
  const expired = until <= now;
  const state = expired ? 'expired-on-arrival' : 'dated';
  return {
    ...common,
    state,
    permanent: false,
    hold: undefined,
    retainUntil: until,
    shownAs: shownAs(state, until),
    reasoning: [
      ...because,
      countLine(end, policy.period.years, until),
      ...(expired ? [EXPIRED_LINE] : []),
      ...confidenceLine(policy),
    ],
  };
}

/** A death in hospital ends the episode even where the discharge was not entered. */
function withEnd(facts: RetentionFacts): RetentionFacts {
  if (facts.outcome !== 'died' || facts.dischargedAt !== undefined || facts.diedAt === undefined) return facts;
  return { ...facts, dischargedAt: facts.diedAt };
}

function judge(facts: RetentionFacts, policies: readonly RetentionPolicy[], now: Date): Judged[] {
  const judged = policies.map((policy): Judged => {
    const { end, until, inForce, day } = measure(facts, policy, policy.endsOn, now);
    if (!inForce) return { policy, end, until, applies: false, why: notInForce(day) };
    const equivalent = policy.equivalentFor;
    const cause = facts.causes.some((one) => equivalent?.causes.includes(one));
    if (meets(facts, policy.appliesWhen)) return { policy, end, until, applies: true, why: FITS };
    if (cause && equivalent !== undefined) return { policy, end, until, applies: true, why: equivalent.note };
    return { policy, end, until, applies: false, why: DOES_NOT_FIT };
  });
  if (judged.some(({ applies, policy }) => applies && namesKind(policy.appliesWhen, facts.kind))) return judged;
  // No rule lists this kind of record: the equivalent group takes it in, and whatever fact ends it counts.
  return judged.map((one) => {
    const equivalent = one.policy.equivalentFor;
    if (equivalent?.unlistedKinds !== true) return one;
    const { end, until, inForce } = measure(facts, one.policy, ENDS_OF_UNLISTED, now);
    return inForce ? { policy: one.policy, end, until, applies: true, why: equivalent.note } : one;
  });
}

const ENDS_OF_UNLISTED: readonly MomentFact[] = ['dischargedAt', 'closedAt', 'issuedAt'];

/** End of the work, the date the rule gives, and whether the rule was in force on the day the work ended (today, if it has not). */
function measure(
  facts: RetentionFacts,
  policy: RetentionPolicy,
  endsOn: readonly MomentFact[],
  now: Date,
): { end: Date | undefined; until: Date | undefined; inForce: boolean; day: string } {
  const moments = endsOn.flatMap((fact) => facts[fact] ?? []).map((moment) => Date.parse(moment));
  const end = moments.length === 0 ? undefined : new Date(Math.max(...moments));
  const day = vnDay(end ?? now);
  const inForce = day >= (policy.inForce.from ?? '') && day <= (policy.inForce.to ?? '9999-12-31');
  return { end, until: end === undefined ? undefined : untilOf(policy, end), inForce, day };
}

/** Law 33/2024/QH15 Art 15(3): from the year in which the work ends; the last day is 31 December of year Y + N, +07:00. */
function untilOf(policy: RetentionPolicy, end: Date): Date | undefined {
  if (policy.period === 'permanent') return undefined;
  return startOfVnYear(vnParts(end).year + policy.period.years + 1);
}

/** Law 33/2024/QH15 Art 15(4): the longest period decides. Between equals: what we read ourselves, then the name. */
function longestFirst(a: Judged, b: Judged): number {
  const length = (judged: Judged): number => {
    const { period } = judged.policy;
    if (period === 'permanent') return Number.POSITIVE_INFINITY;
    // Of rules whose work has not ended only the number of years can be compared.
    return judged.until?.getTime() ?? startOfVnYear(9000 + period.years).getTime();
  };
  const [left, right] = [length(a), length(b)];
  if (left !== right) return left > right ? -1 : 1;
  if (a.policy.confidence !== b.policy.confidence) return a.policy.confidence === 'source-read' ? -1 : 1;
  return a.policy.id < b.policy.id ? -1 : 1;
}

function considered({ policy, applies, until, why }: Judged): ConsideredRule {
  return {
    policy: reference(policy),
    title: policy.title,
    applies,
    ...(applies && until !== undefined ? { retainUntil: until } : {}),
    why,
  };
}

const reference = ({ id, version, hash }: RetentionPolicy): PolicyReference => ({ id, version, hash });

/** `2026-11-27` in Vietnam. */
function vnDay(instant: Date): string {
  const { year, month, day } = vnParts(instant);
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function appliedLines(applied: readonly Judged[], facts: RetentionFacts): BilingualText[] {
  const lines = applied.map(({ policy }): BilingualText => {
    const basis = legalBasisText(policy);
    const { vi, en } =
      policy.period === 'permanent'
        ? { vi: 'vĩnh viễn', en: 'permanent' }
        : { vi: `${policy.period.years} năm`, en: `${policy.period.years} years` };
    return { vi: `${policy.title.vi}: ${vi} (${basis.vi}).`, en: `${policy.title.en}: ${en} (${basis.en}).` };
  });
  const notes = applied.flatMap(({ policy, why }) => {
    const equivalent = policy.equivalentFor;
    if (equivalent === undefined) return [];
    const named = facts.causes.some((cause) => equivalent.causes.includes(cause));
    return named || why === equivalent.note ? [equivalent.note] : [];
  });
  return [...lines, ...notes, ...(applied.length > 1 ? [LONGEST_LINE] : [])];
}

const NO_RULE: BilingualText = {
  vi: 'Không có quy tắc lưu trữ nào phù hợp với hồ sơ',
  en: 'No retention policy fits the record',
};
const FOR_EVER: BilingualText = { vi: 'Vĩnh viễn', en: 'Permanent' };
const STILL_OPEN: BilingualText = { vi: 'Chưa kết thúc điều trị', en: 'Episode still open' };
const FITS: BilingualText = { vi: 'Hồ sơ thuộc nhóm này', en: 'The record belongs to this group' };
const DOES_NOT_FIT: BilingualText = {
  vi: 'Hồ sơ không thuộc nhóm này',
  en: 'The record does not belong to this group',
};
const LONGEST_LINE: BilingualText = {
  vi: 'Hồ sơ thuộc nhiều nhóm: lấy thời hạn dài nhất (khoản 4 Điều 15 Luật Lưu trữ số 33/2024/QH15).',
  en: 'The record belongs to several groups: the longest period counts (Law on Archives 33/2024/QH15 Art 15(4)).',
};
const EXPIRED_LINE: BilingualText = {
  vi: 'Thời hạn đã hết trước khi hồ sơ được đưa vào kho: không khóa, chuyển xét hủy.',
  en: 'The period ran out before the record came to the archive: not locked, goes before the review council.',
};

const notInForce = (day: string): BilingualText => ({
  vi: `Không có hiệu lực vào ngày ${day.split('-').reverse().join('/')}`,
  en: `Not in force on ${day}`,
});

const countLine = (end: Date, years: number, until: Date): BilingualText => {
  const lastDay = vnDate(new Date(until.getTime() - 1));
  return {
    vi: `Công việc kết thúc ngày ${vnDate(end)}; tính từ năm ${vnParts(end).year}, thêm ${years} năm: giữ hết ngày ${lastDay}, giờ Việt Nam (khoản 3 Điều 15 Luật Lưu trữ số 33/2024/QH15).`,
    en: `The work ended on ${vnDate(end)}; from the year ${vnParts(end).year}, ${years} years more: kept to the end of ${lastDay}, Vietnamese time (Law on Archives 33/2024/QH15 Art 15(3)).`,
  };
};

const permanentLine = (until: Date): BilingualText => ({
  vi: `Không có ngày hết hạn: giữ vĩnh viễn, khóa đến hết ngày ${vnDate(new Date(until.getTime() - 1))} và gia hạn khóa hằng năm.`,
  en: `There is no end date: kept for good, locked to the end of ${vnDate(new Date(until.getTime() - 1))} and rolled on every year.`,
});

const openLine = (floorDays: number): BilingualText => ({
  vi: `Đợt điều trị chưa kết thúc nên chưa tính được ngày hết hạn: tạm giữ (OPEN_EPISODE), khóa tối thiểu ${floorDays} ngày và gia hạn liên tục.`,
  en: `The episode has not ended, so no date can be counted: held (OPEN_EPISODE), locked for at least ${floorDays} days, rolled on.`,
});

function confidenceLine(policy: RetentionPolicy): BilingualText[] {
  if (policy.confidence === 'source-read') return [];
  return [
    {
      vi: 'Căn cứ pháp lý này được dẫn theo nguồn thứ cấp; cần đối chiếu với văn bản gốc.',
      en: 'This legal basis was taken from secondary sources; compare it with the instrument itself.',
    },
  ];
}
