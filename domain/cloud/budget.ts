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

/**
 * A reservation that nobody settled is kept for so long, in case its process was only asleep. After `leaseMs` it counts as used, for
 * nobody knows what its process used before it died.
 */
export const keepMs = 24 * 60 * 60_000;

/** For how many days back it is known what was used. */
const keptDays = 31;

/** A ledger without entries. */
export const emptyLedger: CloudLedger = { used: new Map(), held: new Map() };

/** Sets tokens aside; `granted` is how many, or undefined when fewer than `least` are left. What is over is booked or removed on the way. */
export function reserve(
  ledger: CloudLedger,
  order: ReserveOrder,
): { readonly ledger: CloudLedger; readonly granted: number | undefined } {
  const { id, at, least, most, limit } = order;
  const { used: booked, held } = withoutLost(ledger, order);
  const mine = held.get(id);
  const day = mine?.day ?? order.day;
  const others = [...held].filter(([other]) => other !== id).map(([, reservation]) => reservation);
  const granted = Math.min(most, limit - (booked.get(day) ?? 0) - tokensOf(others, day));
  const isGranted = granted >= least;
  if (isGranted) held.set(id, { day, tokens: granted, at: mine?.at ?? at });
  const pending = new Set([...held.values()].map((reservation) => reservation.day));
  const used = new Map([...booked].filter(([past]) => past >= oldestKept(order.day) || pending.has(past)));
  return { ledger: { used, held }, granted: isGranted ? granted : undefined };
}

/** Books what is held by reservations that nobody will settle any more. */
function withoutLost(ledger: CloudLedger, { at, day: today }: ReserveOrder) {
  const used = new Map(ledger.used);
  const held = new Map(ledger.held);
  for (const [id, { day, tokens, at: since }] of ledger.held) {
    if (Math.abs(at - since) < keepMs) continue;
    held.delete(id);
    if (day >= oldestKept(today)) used.set(day, (used.get(day) ?? 0) + tokens);
  }
  return { used, held };
}

/** Books what a call used, on the day it was reserved for, and gives the rest back. Settling twice books once. */
export function settle(ledger: CloudLedger, { id, tokens }: { id: string; tokens: number }): CloudLedger {
  const mine = ledger.held.get(id);
  if (mine === undefined) return ledger;
  const used = new Map(ledger.used).set(mine.day, (ledger.used.get(mine.day) ?? 0) + tokens);
  return { used, held: new Map([...ledger.held].filter(([other]) => other !== id)) };
}

/**
 * The oldest day that is still remembered. A clock that was ahead, or a process in another time zone, must not make a spent day look new
 * to the others.
 */
export function oldestKept(day: string): string {
  return new Date(Date.parse(day) - keptDays * 24 * 60 * 60_000).toISOString().slice(0, 10);
}

/** Tokens used on a day: those booked, and those that calls held whose process died. */
export function usedOn(ledger: CloudLedger, day: string, at: number): number {
  const lost = [...ledger.held.values()].filter((reservation) => !isLive(reservation, at));
  return (ledger.used.get(day) ?? 0) + tokensOf(lost, day);
}

/** Tokens that calls of a day hold now. */
export function heldOn(ledger: CloudLedger, day: string, at: number): number {
  const live = [...ledger.held.values()].filter((reservation) => isLive(reservation, at));
  return tokensOf(live, day);
}

function isLive({ at: since }: Reservation, at: number): boolean {
  return Math.abs(at - since) < leaseMs;
}

function tokensOf(reservations: readonly Reservation[], day: string): number {
  return reservations.filter((reservation) => reservation.day === day).reduce((sum, { tokens }) => sum + tokens, 0);
}
