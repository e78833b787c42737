import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import type { Driver } from '../../../adapters/sandbox/driver.ts';
import { createProofMemory } from '../../../adapters/sandbox/proof-memory.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import type { SandboxProof } from '../../../domain/sandbox/run.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

const facts = { version: '0.8.0', limits: 'rlimits', hasPython: true } as const;
const proof: SandboxProof = { driver: 'bubblewrap', version: '0.8.0', limits: 'rlimits', contained: ['reads a file'] };
const day = 24 * 60 * 60 * 1000;

describe('the memory of a proof', () => {
  let file: string;
  let now: number;
  beforeEach(() => {
    file = join(scratchFolder(), 'proof.json');
    now = 1_000_000;
  });
  const memory = () => createProofMemory({ file, now: () => now });

  it('holds for the same machine and code, for a day', async () => {
    await memory().keep(proof, facts);
    expect(await memory().recall('bubblewrap', facts)).toEqual(proof);
    now += day + 1;
    expect(await memory().recall('bubblewrap', facts)).toBeUndefined();
    now -= 3 * day;
    expect(await memory().recall('bubblewrap', facts)).toBeUndefined();
  });

  it('does not hold for another driver, version or way to keep limits', async () => {
    await memory().keep(proof, facts);
    expect(await memory().recall('docker', facts)).toBeUndefined();
    expect(await memory().recall('bubblewrap', { ...facts, version: '0.9.0' })).toBeUndefined();
    expect(await memory().recall('bubblewrap', { ...facts, limits: 'cgroup v2' })).toBeUndefined();
  });

  it('is no proof when it is absent, broken or names nothing that was contained', async () => {
    expect(await memory().recall('bubblewrap', facts)).toBeUndefined();
    await memory().keep({ ...proof, contained: [] }, facts);
    expect(await memory().recall('bubblewrap', facts)).toBeUndefined();
    writeFileSync(file, '{');
    expect(await memory().recall('bubblewrap', facts)).toBeUndefined();
  });

  it('is written for its owner alone, and a place that cannot be written is no failure', async () => {
    await memory().keep(proof, facts);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const nowhere = createProofMemory({ file: join(file, 'below-a-file'), now: () => now });
    await expect(nowhere.keep(proof, facts)).resolves.toBeUndefined();
    const fresh = join(scratchFolder(), 'home/run/proof.json');
    await createProofMemory({ file: fresh, now: () => now }).keep(proof, facts);
    expect(statSync(join(fresh, '..')).mode & 0o777).toBe(0o700);
    chmodSync(file, 0o400);
    expect(readFileSync(file, 'utf8')).toContain('reads a file');
  });

  it('spares a sandbox the test, and only that one', async () => {
    await memory().keep(proof, facts);
    const broken: Driver = {
      name: 'bubblewrap',
      prepare: async () => facts,
      start: () => Promise.reject(new Error('nothing can be started')),
      close: async () => undefined,
    };
    const remembered = createSandbox(broken, { memory: memory() });
    expect(await remembered.prove(AbortSignal.timeout(5000))).toEqual(proof);
    await expect(createSandbox(broken).prove(AbortSignal.timeout(5000))).rejects.toThrow();
  });
});
