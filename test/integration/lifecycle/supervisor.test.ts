import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { createSupervisor } from '../../../infra/supervisor.ts';
import type { Supervisor } from '../../../infra/supervisor.ts';
import type { ChildStatus } from '../../../infra/supervised-child.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { fakeChild, isRunning, patience, pidIn } from './fake-child.ts';

const open: Supervisor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((supervisor) => supervisor.stop()));
});

function create(folder: string) {
  const events: ChildStatus[] = [];
  const supervisor = createSupervisor({
    logDir: folder,
    environment: { PATH: process.env['PATH'] ?? '' },
    backOff: { firstMs: 10, longestMs: 40, healthyAfterMs: 60_000 },
    health: { intervalMs: 20, timeoutMs: 200, strikes: 3 },
    onChange: (status) => events.push(status),
  });
  open.push(supervisor);
  return { supervisor, events };
}

describe('a supervised child', () => {
  it('is started again after kill -9 and keeps its output', async () => {
    const folder = scratchFolder();
    const { supervisor, events } = create(folder);
    await supervisor.start(
      fakeChild(folder, 'engine', 'echo hello; echo $$ >$FOLDER/pid; touch $READY; exec sleep 1000'),
      0,
    );
    const first = await pidIn(join(folder, 'pid'));
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(supervisor.statuses()[0]).toMatchObject({ state: 'ready', restarts: 1 }), patience);
    expect(supervisor.statuses()[0]?.pid).not.toBe(first);
    expect(events.map((event) => event.state)).toEqual(['starting', 'ready', 'restarting', 'starting', 'ready']);
    expect(events[2]?.reason).toBe('was ended by SIGKILL');
    const log = () => readFileSync(join(folder, 'engine.out.log'), 'utf8');
    await vi.waitFor(() => expect(log()).toBe('hello\nhello\n'), patience);
  });

  it('that could not even be run again is tried once more', async () => {
    const folder = scratchFolder();
    const { supervisor, events } = create(folder);
    let starts = 0;
    const beforeStart = (): void => {
      starts += 1;
      if (starts === 2) throw new Error('no memory for another process');
    };
    const child = fakeChild(folder, 'engine', 'echo $$ >$FOLDER/pid; touch $READY; exec sleep 1000');
    await supervisor.start({ ...child, beforeStart }, 0);
    process.kill(await pidIn(join(folder, 'pid')), 'SIGKILL');
    await vi.waitFor(() => expect(supervisor.statuses()[0]).toMatchObject({ state: 'ready', restarts: 2 }), patience);
    expect(events.map(({ reason }) => reason)).toContain('cannot be run: no memory for another process');
  });

  it('gets its stop signal and may end by itself', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const script = 'trap "echo bye >$FOLDER/bye; exit 0" TERM; touch $READY; while :; do sleep 0.05; done';
    await supervisor.start(fakeChild(folder, 'engine', script), 0);
    await supervisor.stop();
    expect(readFileSync(join(folder, 'bye'), 'utf8')).toBe('bye\n');
    expect(supervisor.statuses()[0]?.state).toBe('stopped');
  });

  it('that ignores its stop signal is killed with all its children', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const script =
      'trap "" TERM; echo $$ >$FOLDER/pid; sh -c "trap \\"\\" TERM; sleep 1000 & echo \\$! >$FOLDER/deep; wait" & touch $READY; wait';
    await supervisor.start({ ...fakeChild(folder, 'engine', script), stopGraceMs: 50 }, 0);
    const pids = [await pidIn(join(folder, 'pid')), await pidIn(join(folder, 'deep'))];
    await supervisor.stop();
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
  });

  it('takes what it started along when it dies', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    await supervisor.start(
      fakeChild(folder, 'engine', 'sleep 1000 & echo $! >$FOLDER/grandchild; echo $$ >$FOLDER/pid; touch $READY; wait'),
      0,
    );
    const orphan = await pidIn(join(folder, 'grandchild'));
    process.kill(await pidIn(join(folder, 'pid')), 'SIGKILL');
    await vi.waitFor(() => expect(isRunning(orphan)).toBe(false), patience);
  });

  it('that lives but stops answering is started again', async () => {
    const folder = scratchFolder();
    const { supervisor, events } = create(folder);
    await supervisor.start(fakeChild(folder, 'engine', 'touch $READY; exec sleep 1000'), 0);
    rmSync(join(folder, 'engine.ready'));
    await vi.waitFor(() => expect(supervisor.statuses()[0]).toMatchObject({ state: 'ready', restarts: 1 }), patience);
    expect(events.find((event) => event.state === 'restarting')?.reason).toBe('gave no answer 3 times in a row');
  });

  it('that ends before it is ready fails the start with its last lines', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const start = supervisor.start(fakeChild(folder, 'engine', 'echo "cannot open the database" >&2; exit 3'), 0);
    await expect(start).rejects.toMatchObject({ code: 'ENGINE_FAILED', details: { engine: 'engine' } });
    await expect(start).rejects.toThrow(/ended with code 3[\s\S]*cannot open the database[\s\S]*engine\.out\.log/);
    expect(supervisor.statuses()[0]?.state).toBe('failed');
  });

  it('that never becomes ready is given up and killed', async () => {
    const folder = scratchFolder();
    const { supervisor, events } = create(folder);
    const spec = { ...fakeChild(folder, 'engine', 'exec sleep 1000'), readyTimeoutMs: 300 };
    await expect(supervisor.start(spec, 0)).rejects.toThrow('was not ready after 0.3 s');
    expect(isRunning(events[0]?.pid ?? process.pid)).toBe(false);
  });

  it('whose program does not exist fails the start and says so', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const spec = { ...fakeChild(folder, 'engine', ''), command: join(folder, 'no-such-program') };
    await expect(supervisor.start(spec, 0)).rejects.toThrow(/cannot be run.*ENOENT/);
  });

  it('that fails its set-up after becoming ready fails the start', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const spec = {
      ...fakeChild(folder, 'engine', 'touch $READY; exec sleep 1000'),
      afterReady: () => Promise.reject(new Error('no namespace')),
    };
    await expect(supervisor.start(spec, 0)).rejects.toThrow('could not be set up: no namespace');
  });

  it('whose set-up never ends is given up and killed', async () => {
    const folder = scratchFolder();
    const { supervisor, events } = create(folder);
    const spec = {
      ...fakeChild(folder, 'engine', 'exec sleep 1000'),
      ready: () => Promise.resolve(true),
      readyTimeoutMs: 300,
      afterReady: (signal: AbortSignal) => once(signal, 'abort').then(() => signal.throwIfAborted()),
    };
    await expect(supervisor.start(spec, 0)).rejects.toThrow('was not set up after 0.3 s');
    expect(isRunning(events[0]?.pid ?? process.pid)).toBe(false);
  });
});

describe('a supervisor', () => {
  it('stops later stages before earlier ones', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const script = (name: string) =>
      `trap "echo ${name} >>$FOLDER/order; exit 0" TERM; touch $READY; while :; do sleep 0.02; done`;
    await supervisor.start(fakeChild(folder, 'redis', script('redis')), 0);
    await supervisor.start(fakeChild(folder, 'api', script('api')), 1);
    await supervisor.stop();
    expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('api\nredis\n');
  });

  it('starts nothing any more once it stops', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    await supervisor.stop();
    await expect(supervisor.start(fakeChild(folder, 'late', 'touch $FOLDER/late'), 0)).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
    });
    expect(existsSync(join(folder, 'late'))).toBe(false);
  });

  it('ends a child that waits for its next start', async () => {
    const folder = scratchFolder();
    const { supervisor } = create(folder);
    const script = '[ -e $FOLDER/again ] && exit 1; touch $FOLDER/again $READY; echo $$ >$FOLDER/pid; exec sleep 1000';
    await supervisor.start(fakeChild(folder, 'engine', script), 0);
    rmSync(join(folder, 'engine.ready'));
    process.kill(await pidIn(join(folder, 'pid')), 'SIGKILL');
    await vi.waitFor(() => expect(supervisor.statuses()[0]?.restarts).toBeGreaterThan(2), patience);
    await supervisor.stop();
    expect(supervisor.statuses()[0]?.state).toBe('stopped');
  });
});
