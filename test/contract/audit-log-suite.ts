import { describe, expect, it } from 'vitest';

import type { AuditLog } from '../../domain/ports.ts';

/** What every audit log promises. `kept` tells the types on record, without start and end. */
export function describeAuditLog(
  name: string,
  create: () => Promise<{ log: AuditLog; kept: () => Promise<string[]> }>,
): void {
  describe(`audit log: ${name}`, () => {
    it('numbers what it keeps and gives each entry a hash of its own', async () => {
      const { log, kept } = await create();
      const first = await log.append({ type: 'hold-set', actor: 'core' });
      const second = await log.append({ type: 'hold-set', actor: 'core', subject: 'c.1', details: { a: 1 } });
      expect(second.segment).toBe(first.segment);
      expect(second.seq).toBe(first.seq + 1);
      expect(second.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(second.hash).not.toBe(first.hash);
      await log.close();
      expect(await kept()).toEqual(['hold-set', 'hold-set']);
    });

    it('keeps the order of appends that come at the same time', async () => {
      const { log, kept } = await create();
      const types = ['hold-set', 'hold-lifted', 'lockdown-set', 'lockdown-lifted'] as const;
      const receipts = await Promise.all(types.map((type) => log.append({ type, actor: 'core' })));
      const numbers = receipts.map(({ seq }) => seq);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(4);
      await log.close();
      expect(await kept()).toEqual(types);
    });

    it('appends once what a repeated step appends again, and what differs by a detail as well', async () => {
      const { log, kept } = await create();
      const event = { type: 'hold-set', actor: 'core', subject: 'c.1', details: { b: 'x', a: 1 } } as const;
      await log.appendOnce(event, Date.now());
      await log.appendOnce({ ...event, details: { a: 1, b: 'x' } }, Date.now());
      await log.append({ type: 'hold-lifted', actor: 'core', subject: 'c.1' });
      await log.appendOnce(event, Date.now());
      expect(await kept()).toEqual(['hold-set', 'hold-lifted']);
      await log.appendOnce({ ...event, details: { ...event.details, a: 2 } }, Date.now());
      await log.appendOnce({ ...event, subject: 'c.2' }, Date.now());
      expect(await kept()).toEqual(['hold-set', 'hold-lifted', 'hold-set', 'hold-set']);
      await log.close();
    });

    it('refuses after it was closed; closing twice is the same as once', async () => {
      const { log, kept } = await create();
      await log.append({ type: 'hold-set', actor: 'core' });
      await log.close();
      await log.close();
      await expect(log.append({ type: 'hold-set', actor: 'core' })).rejects.toMatchObject({
        code: 'AUDIT_UNAVAILABLE',
      });
      expect(await kept()).toEqual(['hold-set']);
    });

    it('refuses what only the log itself may write and goes on', async () => {
      const { log, kept } = await create();
      await expect(log.append({ type: 'log-end', actor: 'core' })).rejects.toMatchObject({ code: 'INTERNAL' });
      await log.append({ type: 'hold-set', actor: 'core' });
      await log.close();
      expect(await kept()).toEqual(['hold-set']);
    });
  });
}
