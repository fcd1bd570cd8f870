/** What the throw-away authority itself costs: in real life its answers are made on other people's machines. */
import type { Antin } from '../src/compose/index.ts';
import { cpuPerRun } from './figures.ts';

type Question = Parameters<NonNullable<Antin['authority']>['answer']>[0];

const REPLAYS = 50;

/** Counts what the authority is asked from now on. `cpuMs` asks one question of each kind again to price them all. */
export function watchAuthority({ authority }: Antin): { cpuMs(): Promise<number> } {
  if (authority === undefined) throw new Error('the demo has an authority');
  const answer = authority.answer;
  const asked = new Map<string, { count: number; question: Question }>();
  authority.answer = (question) => {
    const kind = question.path.split('/')[1] ?? '';
    asked.set(kind, { count: (asked.get(kind)?.count ?? 0) + 1, question });
    return answer(question);
  };
  return {
    async cpuMs() {
      authority.answer = answer;
      let total = 0;
      for (const { count, question } of asked.values()) {
        total += count * (await cpuPerRun(REPLAYS, () => answer(question)));
      }
      return total;
    },
  };
}
