import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { claimInstance, findInstance } from '../../../infra/instance.ts';
import { identify } from '../../../infra/process-identity.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { withoutRoot } from '../../support/without-root.ts';

function recordPath(): string {
  return join(scratchFolder(), 'supervisor.json');
}

describe('one instance per home', () => {
  it('is refused to a second one while the first lives', async () => {
    const path = recordPath();
    await claimInstance(path, 'http://127.0.0.1:1');
    await expect(claimInstance(path, 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(findInstance(path)).toMatchObject({ pid: process.pid, phase: 'starting' });
  });

  it('is given again once released, and a late update does not bring the record back', async () => {
    const path = recordPath();
    const first = await claimInstance(path, 'http://127.0.0.1:1');
    first.release();
    first.update({ phase: 'ready' });
    expect(findInstance(path)).toBeUndefined();
    await claimInstance(path, 'http://127.0.0.1:2');
    expect(findInstance(path)?.address).toBe('http://127.0.0.1:2');
  });

  it('goes on when the record cannot be written, and writes all of it once it can', async () => {
    const path = recordPath();
    const folder = join(path, '..');
    const instance = await claimInstance(path, 'http://127.0.0.1:1');
    rmSync(folder, { recursive: true });
    instance.update({ phase: 'stopping' });
    mkdirSync(folder);
    instance.update({ children: [] });
    expect(findInstance(path)?.phase).toBe('stopping');
    instance.release();
  });

  it('is not taken for free where only another user can tell', async () => {
    const path = recordPath();
    writeFileSync(path, '{}', { mode: 0o000 });
    await expect(withoutRoot(() => findInstance(path))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    [
      'of a process that has ended',
      JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1', since: 1, phase: 'ready', address: 'x', children: [] }),
    ],
    [
      'of another process with the same number',
      JSON.stringify({ pid: process.pid, startedAt: '1', since: 1, phase: 'ready', address: 'x', children: [] }),
    ],
    ['that was cut short', '{"pid": 1'],
    ['that is empty', ''],
  ])('ignores a record %s', async (_, content) => {
    const path = recordPath();
    writeFileSync(path, content);
    expect(findInstance(path)).toBeUndefined();
    await claimInstance(path, 'http://127.0.0.1:3');
    expect(findInstance(path)?.pid).toBe(process.pid);
    expect(readdirSync(join(path, '..'))).toEqual(['supervisor.json']);
  });

  it('goes to exactly one of many that start at once over a stale record', async () => {
    const path = recordPath();
    writeFileSync(path, 'stale');
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimInstance(path, 'http://127.0.0.1:4')));
    expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('waits for the guard of one that was killed: it still stops what that one had started', async () => {
    const path = recordPath();
    const guard = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const order: string[] = [];
    guard.once('exit', () => order.push('guard ended'));
    const dead = { pid: process.pid, startedAt: '1', since: 1, phase: 'ready', address: 'x', children: [] };
    writeFileSync(path, JSON.stringify({ ...dead, guard: identify(guard.pid ?? 0) }));
    const claim = claimInstance(path, 'http://127.0.0.1:5').then(() => order.push('claimed'));
    guard.stdin.end();
    await claim;
    expect(order).toEqual(['guard ended', 'claimed']);
  });
});
