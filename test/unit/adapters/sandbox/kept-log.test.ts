import { describe, expect, it } from 'vitest';

import { createKeptLog } from '../../../../adapters/sandbox/kept-log.ts';

describe('the kept log', () => {
  it('keeps the newest 64 KiB and counts all', () => {
    const log = createKeptLog();
    for (let line = 0; line < 50_000; line += 1) log.add(Buffer.from(`line ${line}\n`));
    expect(log.written).toBeGreaterThan(400_000);
    expect(log.text().length).toBeGreaterThan(60_000);
    expect(log.text().length).toBeLessThanOrEqual(65_536);
    expect(log.text().endsWith('line 49999')).toBe(true);
  });
});
