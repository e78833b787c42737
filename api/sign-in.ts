import basicAuth from 'express-basic-auth';

import type { ApiDeps } from './deps.ts';
import type { FailedSignIns } from './failed-sign-ins.ts';
import { createRateLimit } from './rate-limit.ts';

/** One try to sign in. */
export type SignInAttempt = { readonly address: string; readonly user: string; readonly password: string };

const windowSeconds = 15 * 60;

/** Wrong guesses per window: from one address, and for one account from all addresses that never signed in. */
const mostFailures = { perAddress: 20, perAccount: 100 };

/** Addresses remembered as those of people who know the password. */
const mostKnown = 1000;

/** Longest part of a user name that limits count by. */
const longestUser = 64;

/**
 * Checks user name and password. Every guess counts as failed until it proves right, so that guesses sent at once are
 * limited like guesses sent one by one; the same guess sent several times at once is checked once. Over the limit nothing is
 * checked: TOO_MANY_REQUESTS. An address that has signed in before is not kept out by the guesses of others.
 */
export function createSignIn(deps: Pick<ApiDeps, 'config' | 'verifyPassword'>, failures: FailedSignIns) {
  const what = 'failed sign-ins';
  const perAddress = createRateLimit({ most: mostFailures.perAddress, windowSeconds, what });
  const perAccount = createRateLimit({ most: mostFailures.perAccount, windowSeconds, what });
  const known = new Set<string>();
  const running = new Map<string, Promise<boolean>>();

  async function check({ address, user, password }: SignInAttempt): Promise<boolean> {
    const account = user.slice(0, longestUser);
    const isKnown = known.has(address);
    try {
      await perAddress.take(address);
      if (!isKnown) await perAccount.take(account);
    } catch (refusal) {
      await failures.record(address, 'too-many-attempts');
      throw refusal;
    }
    const isPassword = await deps.verifyPassword(password);
    const isUser = basicAuth.safeCompare(user, deps.config.web.user);
    if (!(isUser && isPassword)) {
      await failures.record(address, 'wrong-credentials');
      return false;
    }
    await perAddress.giveBack(address);
    if (!isKnown) await perAccount.giveBack(account);
    remember(address);
    return true;
  }

  function remember(address: string): void {
    known.add(address);
    const [oldest] = known;
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
  }

  /** True when user name and password are right. */
  return function signIn(attempt: SignInAttempt): Promise<boolean> {
    const guess = JSON.stringify(attempt);
    const same = running.get(guess);
    if (same !== undefined) return same;
    const checking = check(attempt).finally(() => running.delete(guess));
    running.set(guess, checking);
    return checking;
  };
}

export type SignIn = ReturnType<typeof createSignIn>;
