import { describe, expect, test } from 'vitest';

import { failure, powersOf } from './support.ts';

describe('memory and tools', () => {
  test('are reached when the manifest names them', async () => {
    const { call } = powersOf(
      { memory: 'read', tools: ['clock'] },
      {
        searchMemory: async ({ query, limit }) => [`${query} ${limit}`],
        callTool: async ({ name, input }) => ({ name, input }),
      },
    );
    expect(await call('memory', { query: 'tea' })).toEqual(['tea 5']);
    expect(await call('tool', { name: 'clock', input: { zone: 'UTC' } })).toEqual({
      name: 'clock',
      input: { zone: 'UTC' },
    });
    expect(await failure(call('memory', { query: '', limit: 99 }))).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test('are denied otherwise, and not asked', async () => {
    const asked: string[] = [];
    const { call } = powersOf(
      { tools: ['clock'] },
      { searchMemory: async () => (asked.push('memory'), []), callTool: async () => (asked.push('tool'), null) },
    );
    expect(await failure(call('memory', { query: 'tea' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    for (const name of ['shell', 'Clock', 'clock\0', '__proto__', '']) {
      expect(await failure(call('tool', { name })), name).toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    expect(asked).toEqual([]);
  });

  test('are not called without end', async () => {
    const { call } = powersOf({ tools: ['clock'] });
    for (let count = 0; count < 500; count += 1) await call('tool', { name: 'clock' });
    expect(await failure(call('tool', { name: 'clock' }))).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  });
});
