import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { LimitKeeper, type SandboxProof } from '../../domain/sandbox/run.ts';
import type { DriverFacts } from './driver.ts';

/** Remembers that a sandbox held, so that a command need not show it again. */
export type ProofMemory = {
  /** The proof of exactly this machine and code, if there is one that is not old. */
  recall(driver: SandboxProof['driver'], facts: DriverFacts): Promise<SandboxProof | undefined>;
  keep(proof: SandboxProof, facts: DriverFacts): Promise<void>;
};

const lifeMs = 24 * 60 * 60 * 1000;

const Remembered = z.strictObject({
  of: z.string(),
  at: z.int(),
  proof: z.strictObject({
    driver: z.enum(['bubblewrap', 'docker']),
    version: z.string(),
    limits: LimitKeeper,
    contained: z.array(z.string()).min(1),
  }),
});

/**
 * A memory in a file only the owner can write. It holds for a day, and only while the start of the machine, its kernel, the user, the
 * programs and the code of the sandbox are the same; whatever cannot be read or written is no proof.
 */
export function createProofMemory({ file, now }: { file: string; now: () => number }): ProofMemory {
  return {
    async recall(driver, facts) {
      const text = await readFile(file, 'utf8').catch(() => ''); // no memory yet
      const remembered = Remembered.safeParse(parseJson(text)).data;
      if (remembered === undefined || Math.abs(now() - remembered.at) > lifeMs) return undefined;
      return remembered.of === (await conditions(driver, facts)) ? remembered.proof : undefined;
    },
    async keep(proof, facts) {
      const of = await conditions(proof.driver, facts);
      // then the next command shows it again
      await writeOwn(file, JSON.stringify({ of, at: now(), proof })).catch(() => undefined);
    },
  };
}

/** Writes a file for its owner alone, also into a home that is not set up yet. */
async function writeOwn(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
}

/** The drivers, and the rules they follow: what a sandbox may call and what a container is. */
const codeFolders = ['.', '../../domain/sandbox/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

async function readAll(folder: string): Promise<Buffer[]> {
  return await Promise.all((await readdir(folder)).toSorted().map((name) => readFile(join(folder, name))));
}

/** A hash of everything containment rests on. */
async function conditions(driver: string, facts: DriverFacts): Promise<string> {
  const code = (await Promise.all(codeFolders.map(readAll))).flat();
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const hash = createHash('sha256').update(
    JSON.stringify([driver, facts, release(), boot, process.version, process.execPath, process.getuid?.()]),
  );
  for (const part of code) hash.update(part);
  return hash.digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no proof
  }
}
