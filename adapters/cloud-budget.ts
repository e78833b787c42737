import { z } from 'zod';

import { type CloudLedger, heldOn, keepMs, oldestKept, type Reservation, usedOn } from '../domain/cloud/budget.ts';
import type { CloudBudget } from '../domain/cloud/ports.ts';
import { reserveScript, settleBudgetScript } from './lua/cloud.ts';
import type { RedisConnections } from './redis.ts';

/** Keeps the daily budget of the cloud in Redis, without a time to live: a restart must not give a spent day back. */
export function createCloudBudget({ keys, call, run }: RedisConnections): CloudBudget {
  const budget = [keys.cloudBudget];
  return {
    async reserve({ id, day, at, least, most, limit }) {
      const args = [id, day, at, least, most, limit, keepMs, oldestKept(day)];
      const granted = z.int().parse(await run(reserveScript, { keys: budget, args }));
      return granted === -1 ? undefined : granted;
    },

    async settle({ id, tokens }) {
      await run(settleBudgetScript, { keys: budget, args: [id, tokens] });
    },

    async use(day, at) {
      const ledger = readLedger(await call((c) => c.hgetall(keys.cloudBudget)));
      return { used: usedOn(ledger, day, at), held: heldOn(ledger, day, at) };
    },
  };
}

function readLedger(fields: Record<string, string>): CloudLedger {
  const used = new Map<string, number>();
  const held = new Map<string, Reservation>();
  for (const [field, value] of Object.entries(fields)) {
    const [kind, name = ''] = field.split(/:(.*)/);
    if (kind === 'used') used.set(name, Number(value));
    const [day = '', tokens, at] = value.split(' ');
    if (kind === 'held') held.set(name, { day, tokens: Number(tokens), at: Number(at) });
  }
  return { used, held };
}
