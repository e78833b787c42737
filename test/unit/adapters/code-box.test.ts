import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { approvalKey } from '../../../adapters/approval-codes.ts';
import { createCodeBox } from '../../../adapters/code-box.ts';
import { combineDeliveries } from '../../../adapters/code-deliveries.ts';
import type { DeliveredCode } from '../../../domain/approval/code.ts';
import type { CodeDelivery } from '../../../domain/ports.ts';

const code: DeliveredCode = {
  action: 'skill-promote',
  subject: 'csv-summary',
  binding: 'a'.repeat(64),
  id: 'one',
  expiresAt: 100,
  code: '4711',
};

describe('the box of codes', () => {
  it('holds codes until they expire, the newest for each thing', async () => {
    let at = 0;
    const box = createCodeBox(() => at);
    await box.deliver(code);
    await box.deliver({ ...code, id: 'two', code: '0815' });
    await box.deliver({ ...code, id: 'three', subject: 'other', expiresAt: 200 });
    expect(box.codes().map(({ id }) => id)).toEqual(['two', 'three']);
    at = 100;
    expect(box.codes().map(({ id }) => id)).toEqual(['three']);
    at = 200;
    expect(box.codes()).toEqual([]);
  });
});

describe('several ways to the owner', () => {
  const logged: unknown[] = [];
  const warn = (...line: unknown[]) => void logged.push(line);
  const logger = { debug: warn, info: warn, warn, error: warn };
  const broken: CodeDelivery = {
    name: 'chat',
    deliver: (sent) => Promise.reject(new Error(`could not send ${sent.code}`)),
  };
  const hanging: CodeDelivery = { name: 'mail', deliver: () => new Promise(() => {}) };

  it('need one that works; the log names the others without the code', async () => {
    const box = createCodeBox(() => 0);
    await combineDeliveries([broken, box, hanging], { logger, waitMs: 20 }).deliver(code);
    expect(box.codes()).toEqual([code]);
    expect(JSON.stringify(logged)).toContain('"way":"chat"');
    expect(JSON.stringify(logged)).toContain('"way":"mail"');
    expect(JSON.stringify(logged)).not.toContain('4711');
  });

  it.each([[[]], [[broken]], [[broken, hanging]]])('fail clearly when none works (%#)', async (ways) => {
    const failure = await combineDeliveries(ways, { logger, waitMs: 20 })
      .deliver(code)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'APPROVAL_UNDELIVERED' });
    expect(String(failure)).not.toContain('4711');
  });
});

describe('the key of the proofs', () => {
  it('is the same for the same node, another for another, and not its private key', () => {
    const [one, two] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    expect(approvalKey(one.privateKey)).toEqual(approvalKey(one.privateKey));
    expect(approvalKey(one.privateKey)).not.toEqual(approvalKey(two.privateKey));
    const secret = one.privateKey.export({ format: 'der', type: 'pkcs8' });
    expect(secret.includes(Buffer.from(approvalKey(one.privateKey)))).toBe(false);
  });
});
