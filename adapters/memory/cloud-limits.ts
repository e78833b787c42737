import { admit, type Breaker, closedBreaker, hear } from '../../domain/cloud/breaker.ts';
import { emptyLedger, heldOn, reserve, settle, usedOn } from '../../domain/cloud/budget.ts';
import type { CloudBreaker, CloudBudget } from '../../domain/cloud/ports.ts';

/** The daily budget in memory. */
export function createMemoryCloudBudget(): CloudBudget {
  let ledger = emptyLedger;
  return {
    async reserve(order) {
      const { ledger: next, granted } = reserve(ledger, order);
      ledger = next;
      return granted;
    },
    async settle(booking) {
      ledger = settle(ledger, booking);
    },
    use: async (day, at) => ({ used: usedOn(ledger, day, at), held: heldOn(ledger, day, at) }),
  };
}

/** The breaker in memory. */
export function createMemoryCloudBreaker(): CloudBreaker {
  let breaker: Breaker = closedBreaker;
  return {
    async admit(order) {
      const before = breaker.kind;
      const { breaker: next, isAdmitted } = admit(breaker, order);
      breaker = next;
      return { before, breaker, isAdmitted };
    },
    async hear(end) {
      const before = breaker.kind;
      breaker = hear(breaker, end);
      return { before, breaker };
    },
    current: async () => breaker,
  };
}
