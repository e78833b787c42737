import type { ProgramKind } from './driver.ts';
import { type SandboxProgram, waitUntilReady } from './program.ts';

/** Sandboxes that stand ready. Each is for one run; none comes back. */
export type Pool = {
  /** A ready sandbox: one that waits, or a new one. From then on one more is made ready in the background. */
  take(kind: ProgramKind): Promise<SandboxProgram>;
  /** Ends all that wait, and all that were taken and still run. */
  close(): Promise<void>;
};

export type PoolOptions = {
  readonly start: (kind: ProgramKind) => Promise<SandboxProgram>;
  /** How many stand ready of each kind in use. */
  readonly size: number;
  /** How long one waits before it is ended. */
  readonly lifeMs: number;
};

type Waiting = { readonly kind: string; readonly program: SandboxProgram; readonly expiry: NodeJS.Timeout };

/** Makes an empty pool; a kind is kept ready from its first use on, until nobody has used it for a while. */
export function createPool({ start, size, lifeMs }: PoolOptions): Pool {
  let waiting: Waiting[] = [];
  const living = new Set<SandboxProgram>();
  const filling = new Map<string, Promise<void>>();
  let isOpen = true;

  async function make(kind: ProgramKind): Promise<SandboxProgram> {
    const program = await start(kind);
    living.add(program);
    void program.ended.then(() => living.delete(program));
    if (!isOpen) program.kill();
    await waitUntilReady(program);
    return program;
  }

  function drop(program: SandboxProgram): void {
    waiting = waiting.filter((unit) => unit.program !== program);
  }

  function keep(kind: string, program: SandboxProgram): void {
    const expiry = setTimeout(() => {
      drop(program);
      program.kill();
    }, lifeMs);
    expiry.unref();
    waiting.push({ kind, program, expiry });
    void program.ended.then(() => {
      clearTimeout(expiry);
      drop(program); // it may die while it waits
    });
  }

  async function fill(kind: ProgramKind, name: string): Promise<void> {
    try {
      while (isOpen && waiting.filter((unit) => unit.kind === name).length < size) keep(name, await make(kind));
    } catch {
      // the next run starts its own and says what is wrong
    } finally {
      filling.delete(name);
    }
  }

  return {
    async take(kind) {
      const name = `${kind.runtime} ${kind.memoryMiB}`;
      const unit = waiting.find((one) => one.kind === name);
      if (unit !== undefined) {
        clearTimeout(unit.expiry);
        drop(unit.program);
      }
      const program = unit?.program ?? (await make(kind));
      if (!filling.has(name)) filling.set(name, fill(kind, name));
      return program;
    },

    async close() {
      isOpen = false;
      for (const { expiry } of waiting) clearTimeout(expiry);
      const killAll = (): Promise<unknown> => {
        for (const program of living) program.kill();
        return Promise.all([...living].map((program) => program.ended));
      };
      await killAll();
      await Promise.all(filling.values());
      await killAll(); // one may have been under way
    },
  };
}
