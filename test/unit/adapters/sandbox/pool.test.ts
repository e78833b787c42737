import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import type { ProgramKind } from '../../../../adapters/sandbox/driver.ts';
import { WarmPool } from '../../../../adapters/sandbox/pool.ts';
import type { SandboxProgram } from '../../../../adapters/sandbox/program.ts';

const kind: ProgramKind = { runtime: 'node', memoryMiB: 128 };

function createStarter(say = 'ready\n') {
  const started: (SandboxProgram & { kind: ProgramKind; isDead: boolean })[] = [];
  const start = async (of: ProgramKind): Promise<SandboxProgram> => {
    const stdout = new PassThrough();
    const { promise: ended, resolve } = Promise.withResolvers<{ code: number }>();
    const program = {
      kind: of,
      isDead: false,
      stdin: new PassThrough(),
      stdout,
      stderr: new PassThrough(),
      ended,
      kill() {
        program.isDead = true;
        resolve({ code: 137 });
      },
    };
    started.push(program);
    stdout.write(say);
    return program;
  };
  return { start, started };
}

describe('the warm pool', () => {
  it('never hands out the same sandbox twice', async () => {
    const { start, started } = createStarter();
    const pool = new WarmPool({ start, mostWaiting: 8, size: 2, lifeMs: 60_000 });
    const taken = [];
    for (let count = 0; count < 6; count += 1) taken.push(await pool.take(kind));
    expect(new Set(taken).size).toBe(6);
    await expect.poll(() => started.filter(({ isDead }) => !isDead)).toHaveLength(8);
    await pool.close();
  });

  it('keeps kinds apart', async () => {
    const { start } = createStarter();
    const pool = new WarmPool({ start, mostWaiting: 8, size: 1, lifeMs: 60_000 });
    await pool.take(kind);
    const small: ProgramKind = { runtime: 'node', memoryMiB: 64 };
    expect(await pool.take(small)).toMatchObject({ kind: small });
    expect(await pool.take({ runtime: 'python', memoryMiB: 128 })).toMatchObject({ kind: { runtime: 'python' } });
    await pool.close();
  });

  it('ends what waits too long, and starts none in its place', async () => {
    const { start, started } = createStarter();
    const pool = new WarmPool({ start, mostWaiting: 8, size: 2, lifeMs: 20 });
    const taken = await pool.take(kind);
    await expect.poll(() => started.filter(({ isDead }) => isDead)).toHaveLength(2);
    expect(started).toHaveLength(3);
    expect(started.find((program) => program === taken)).toMatchObject({ isDead: false });
    await pool.close();
  });

  it('keeps few ready however many kinds are in use at once', async () => {
    const { start, started } = createStarter();
    const pool = new WarmPool({ start, mostWaiting: 4, size: 2, lifeMs: 60_000 });
    const kinds = Array.from({ length: 20 }, (_, number): ProgramKind => ({ ...kind, memoryMiB: 32 + number }));
    const taken = new Set(await Promise.all(kinds.map((one) => pool.take(one))));
    await expect.poll(() => started).toHaveLength(60);
    const living = () => started.filter(({ isDead }) => !isDead);
    await expect.poll(() => living()).toHaveLength(24);
    expect(living().filter((program) => taken.has(program))).toHaveLength(20);
    await pool.close();
    expect(started).toHaveLength(60);
  });

  it('leaves nothing alive when it closes, not even what was under way', async () => {
    const { start, started } = createStarter();
    const pool = new WarmPool({ start, mostWaiting: 8, size: 3, lifeMs: 60_000 });
    await pool.take(kind);
    await pool.close();
    expect(started.every(({ isDead }) => isDead)).toBe(true);
  });

  it('fails when what starts is not the runner', async () => {
    const { start, started } = createStarter('hello\n');
    const pool = new WarmPool({ start, mostWaiting: 8, size: 2, lifeMs: 60_000 });
    await expect(pool.take(kind)).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
    expect(started).toMatchObject([{ isDead: true }]);
    await pool.close();
  });
});
