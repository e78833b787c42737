import type { ApprovalRequest, OpenApproval, Redemption } from './code.ts';
import { calm, countRight, countWrong, type Guard, guardAt, lockoutRule } from './lockout.ts';

/** How long a code counts. */
export const codeLifeMs = 5 * 60_000;

/** An open code; `proof` stands for the code together with what it is for. */
export type OpenCode = OpenApproval & { readonly proof: string };

/** All open codes and what wrong guesses led to, by the name of what they are for. */
export type ApprovalBook = {
  readonly open: Readonly<Record<string, OpenCode>>;
  readonly guards: Readonly<Record<string, Guard>>;
};

/** Nothing was asked for yet. */
export const emptyBook: ApprovalBook = { open: {}, guards: {} };

/** The guard of all subjects together; no subject has this name. */
export const overall = '*';

type Subject = Pick<ApprovalRequest, 'action' | 'subject'>;

/** What open codes and guards go by: one code at a time for each action and subject. */
export function nameOf({ action, subject }: Subject): string {
  return `${action}/${subject}`;
}

/** Whether a code counts at a moment. One from the future was made before the clock was set back, and counts no more. */
export function isOpen(code: Pick<OpenCode, 'issuedAt' | 'expiresAt'>, at: number): boolean {
  return at >= code.issuedAt && at < code.expiresAt;
}

/** Opens a code in place of an earlier one for the same, unless a lock-out holds. What is over by now is forgotten for every subject. */
export function issue(
  book: ApprovalBook,
  code: OpenCode,
): { book: ApprovalBook; result: { kind: 'issued' } | { kind: 'locked'; until: number } } {
  const name = nameOf(code);
  const at = code.issuedAt;
  const guards = guardsAt(book, name, at);
  const until = lockedUntil(guards);
  if (until > at) return { book: withGuards(book, name, guards), result: { kind: 'locked', until } };
  const open = Object.fromEntries(Object.entries(book.open).filter(([, other]) => isOpen(other, at)));
  return { book: { open: { ...open, [name]: code }, guards: currentGuards(book, at) }, result: { kind: 'issued' } };
}

/** One guess. Every guess at an open code counts, also one for something else than it was made for. */
export function redeem(
  book: ApprovalBook,
  guess: Subject & { proof: string; at: number },
): { book: ApprovalBook; result: Redemption } {
  const name = nameOf(guess);
  const { at } = guess;
  const guards = guardsAt(book, name, at);
  const until = lockedUntil(guards);
  if (until > at) return { book: withGuards(book, name, guards), result: { kind: 'locked', until } };
  const code = book.open[name];
  if (code === undefined || !isOpen(code, at)) {
    return { book: withoutCode(withGuards(book, name, guards), name), result: { kind: 'none' } };
  }
  if (code.proof !== guess.proof) return refuse(book, name, { guards, at });
  const calmer = { subject: countRight(guards.subject), all: countRight(guards.all) };
  return { book: withoutCode(withGuards(book, name, calmer), name), result: { kind: 'accepted', id: code.id } };
}

/** Voids a code, if it is still the one that is open. */
export function cancel(book: ApprovalBook, code: Subject & { id: string }): ApprovalBook {
  const name = nameOf(code);
  return book.open[name]?.id === code.id ? withoutCode(book, name) : book;
}

type Guards = { readonly subject: Guard; readonly all: Guard };

function refuse(
  book: ApprovalBook,
  name: string,
  { guards, at }: { guards: Guards; at: number },
): { book: ApprovalBook; result: Redemption } {
  const { wrongPerSubject, wrongOverall } = lockoutRule;
  const subject = countWrong(guards.subject, { at, most: wrongPerSubject });
  const all = countWrong(guards.all, { at, most: wrongOverall });
  const counted = withGuards(book, name, { subject, all });
  const until = lockedUntil({ subject, all });
  if (until <= at) {
    const left = Math.min(wrongPerSubject - subject.wrong, wrongOverall - all.wrong);
    return { book: counted, result: { kind: 'wrong', left } };
  }
  const burnt = all.until > at ? { ...counted, open: {} } : withoutCode(counted, name);
  return { book: burnt, result: { kind: 'locked', until } };
}

function guardsAt({ guards }: ApprovalBook, name: string, at: number): Guards {
  return { subject: guardAt(guards[name] ?? calm, at), all: guardAt(guards[overall] ?? calm, at) };
}

/** All guards as they stand at a moment, so that those of subjects nobody asks for again do not add up. */
function currentGuards({ guards }: ApprovalBook, at: number): ApprovalBook['guards'] {
  const current = Object.entries(guards).map(([name, guard]) => [name, guardAt(guard, at)] as const);
  return Object.fromEntries(current.filter(([, guard]) => guard !== calm));
}

function lockedUntil({ subject, all }: Guards): number {
  return Math.max(subject.until, all.until);
}

function withGuards(book: ApprovalBook, name: string, { subject, all }: Guards): ApprovalBook {
  return { ...book, guards: { ...book.guards, [name]: subject, [overall]: all } };
}

function withoutCode(book: ApprovalBook, name: string): ApprovalBook {
  const { [name]: _gone, ...open } = book.open;
  return { ...book, open };
}
