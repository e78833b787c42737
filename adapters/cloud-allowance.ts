import { localDay, nextLocalDay } from '../domain/cloud/day.ts';
import { leastAnswerTokens } from '../domain/cloud/limits.ts';
import type { CloudBudget } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';

type AllowanceOptions = {
  readonly budget: CloudBudget;
  readonly id: string;
  readonly limit: number;
  readonly now: () => number;
};

/** By how many tokens an answer that goes on beyond its estimate is helped at once. */
const stepTokens = 1024;

/** What one call may use of today's budget. */
export function createAllowance({ budget, id, limit, now }: AllowanceOptions) {
  let granted = 0;

  async function ask(least: number, most: number): Promise<boolean> {
    const at = now();
    const tokens = await budget.reserve({ id, day: localDay(at), at, least, most, limit });
    granted = tokens ?? granted;
    return tokens !== undefined;
  }

  return {
    /** Sets the prompt and the longest answer aside; returns how long the answer may be. Fails with CLOUD_BUDGET_SPENT. */
    async take(promptTokens: number, maxOutputTokens: number): Promise<number> {
      const least = promptTokens + Math.min(maxOutputTokens, leastAnswerTokens);
      if (!(await ask(least, promptTokens + maxOutputTokens))) throw spent(limit, nextLocalDay(now()));
      return granted - promptTokens;
    },
    /** Whether an answer that has used so many tokens may go on; where it overran its estimate it gets more while there is any. */
    async covers(tokens: number): Promise<boolean> {
      return tokens <= granted || (await ask(tokens + 1, tokens + stepTokens));
    },
    settle: (tokens: number) => budget.settle({ id, tokens }),
  };
}

export type Allowance = ReturnType<typeof createAllowance>;

function spent(limit: number, until: number): TalosError {
  const when = new Date(until).toISOString();
  const message = `The ${limit} tokens a day for the cloud are used, or held by answers that are being written; wait until ${when}, or raise GEMINI_MAX_TOKENS_PER_DAY.`;
  return new TalosError('CLOUD_BUDGET_SPENT', message, { details: { until, field: 'GEMINI_MAX_TOKENS_PER_DAY' } });
}
