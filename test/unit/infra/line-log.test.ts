import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createLineLog } from '../../../infra/line-log.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

function logPath(): string {
  return join(scratchFolder(), 'engine.out.log');
}

describe('the log of a child', () => {
  it('puts the full file aside and loses no line on the way', () => {
    const path = logPath();
    const log = createLineLog(path, { maxBytes: 20 });
    for (const line of ['first line\n', 'second line\n', 'third line\n']) log.write(Buffer.from(line));
    expect(readFileSync(path, 'utf8')).toBe('third line\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('second line\n');
  });

  it('counts what an earlier run has left', () => {
    const path = logPath();
    createLineLog(path, { maxBytes: 20 }).write(Buffer.from('an earlier run\n'));
    createLineLog(path, { maxBytes: 20 }).write(Buffer.from('a later run\n'));
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('an earlier run\n');
  });

  it('keeps the newest lines at hand, also those that came in pieces', () => {
    const log = createLineLog(logPath(), { tailLines: 2 });
    for (const piece of ['one\ntw', 'o\nthr', 'ee\n\n']) log.write(Buffer.from(piece));
    expect(log.tail()).toEqual(['two', 'three']);
  });

  it('goes on when it cannot write', () => {
    const log = createLineLog('/nonexistent/engine.out.log');
    log.write(Buffer.from('still here\n'));
    expect(log.tail()).toEqual(['still here']);
  });
});
