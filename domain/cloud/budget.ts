import { leaseMs } from './limits.ts';

/** Tokens set aside for one call, on the day it began; `at` is when, in ms since 1970. */
export type Reservation = { readonly day: string; readonly tokens: number; readonly at: number };

/** What was used by day, and what calls hold by their ids. Days are local ones, such as `2026-11-25`. */
export type CloudLedger = {
  readonly used: ReadonlyMap<string, number>;
  readonly held: ReadonlyMap<string, Reservation>;
};

/** Asks for `least` to `most` tokens of a day. An id that holds some already asks for as many in their place. */
export type ReserveOrder = {
  readonly id: string;
  readonly day: string;
  readonly at: number;
  readonly least: number;
  readonly most: number;
  readonly limit: number;
};

/** A reservation that nobody settled is kept for so long, in case its process was only asleep. It counts for `leaseMs`. */
export const keepMs = 24 * 60 * 60_000;

/** For how many days back it is known what was used. */
const keptDays = 31;

/** A ledger without entries. */
export const emptyLedger: CloudLedger = { used: new Map(), held: new Map() };

/** Sets tokens aside; `granted` is how many, or undefined when fewer than `least` are left. What is over is removed on the way. */
export function reserve(
  ledger: CloudLedger,
  order: ReserveOrder,
): { readonly ledger: CloudLedger; readonly granted: number | undefined } {
  const { id, at, least, most, limit } = order;
  const held = new Map([...ledger.held].filter(([, { at: since }]) => Math.abs(at - since) < keepMs));
  const mine = held.get(id);
  const day = mine?.day ?? order.day;
  const others = { used: ledger.used, held: new Map([...held].filter(([other]) => other !== id)) };
  const granted = Math.min(most, limit - usedOn(ledger, day) - heldOn(others, day, at));
  const isGranted = granted >= least;
  if (isGranted) held.set(id, { day, tokens: granted, at: mine?.at ?? at });
  const pending = new Set([...held.values()].map((reservation) => reservation.day));
  const used = new Map([...ledger.used].filter(([past]) => past >= oldestKept(order.day) || pending.has(past)));
  return { ledger: { used, held }, granted: isGranted ? granted : undefined };
}

/** Books what a call used, on the day it was reserved for, and gives the rest back. Settling twice books once. */
export function settle(ledger: CloudLedger, { id, tokens }: { id: string; tokens: number }): CloudLedger {
  const mine = ledger.held.get(id);
  if (mine === undefined) return ledger;
  const used = new Map(ledger.used).set(mine.day, usedOn(ledger, mine.day) + tokens);
  return { used, held: new Map([...ledger.held].filter(([other]) => other !== id)) };
}

/**
 * The oldest day that is still remembered. A clock that was ahead, or a process in another time zone, must not make a spent day look new
 * to the others.
 */
export function oldestKept(day: string): string {
  return new Date(Date.parse(day) - keptDays * 24 * 60 * 60_000).toISOString().slice(0, 10);
}

/** Tokens used on a day. */
export function usedOn(ledger: CloudLedger, day: string): number {
  return ledger.used.get(day) ?? 0;
}

/** Tokens that calls of a day hold now. */
export function heldOn(ledger: CloudLedger, day: string, at: number): number {
  return [...ledger.held.values()]
    .filter((reservation) => reservation.day === day && Math.abs(at - reservation.at) < leaseMs)
    .reduce((sum, { tokens }) => sum + tokens, 0);
}
