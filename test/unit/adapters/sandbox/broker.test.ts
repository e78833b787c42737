import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { createBroker } from '../../../../adapters/sandbox/broker.ts';

const kibibytes = 100;
const call = (id: number): string => JSON.stringify({ id, power: 'folder', input: null });

describe('the broker', () => {
  it('does no more for a skill that never reads what it asked for', async () => {
    let asked = 0;
    const powers = { call: async () => ((asked += 1), 'x'.repeat(kibibytes * 1024)), egress: () => [] };
    const stdin = new PassThrough();
    const broker = createBroker(stdin, powers);
    for (let id = 0; id < 1000; id += 1) {
      expect(broker.take(call(id))).toBeUndefined();
      await nextTurn();
    }
    expect(asked).toBeLessThan(30);
    expect(stdin.writableLength).toBeLessThan(30 * kibibytes * 1024);
    broker.close();
  });

  it('goes on with a skill that reads again', async () => {
    let asked = 0;
    const powers = { call: async () => ((asked += 1), 'x'.repeat(kibibytes * 1024)), egress: () => [] };
    const stdin = new PassThrough();
    const broker = createBroker(stdin, powers);
    for (let id = 0; id < 100; id += 1) broker.take(call(id));
    expect(asked).toBe(16);
    stdin.resume();
    for (let id = 100; id < 200; id += 1) {
      broker.take(call(id));
      await nextTurn();
    }
    expect(asked).toBeGreaterThan(100);
    broker.close();
  });
});
