import { setTimeout as sleep } from 'node:timers/promises';

import type { ProgramKind } from './driver.ts';
import { type SandboxProgram, waitUntilReady } from './program.ts';

export type PoolOptions = {
  readonly start: (kind: ProgramKind) => Promise<SandboxProgram>;
  /** How many stand ready of each kind in use. */
  readonly size: number;
  /** How many stand ready of all kinds together; the oldest makes room. */
  readonly mostWaiting: number;
  /** How long one waits before it is ended. */
  readonly lifeMs: number;
};

/** What becomes of an answer takes about this long. */
const restMs = 60;

/** A long run must not keep the next one waiting. */
const longestRestMs = 500;

type Waiting = { readonly kind: string; readonly program: SandboxProgram; readonly expiry: NodeJS.Timeout };

/**
 * Sandboxes that stand ready. Each is for one run; none comes back. A kind is kept ready from its first use on, until nobody has used it
 * for a while.
 */
export class WarmPool {
  readonly #options: PoolOptions;
  readonly #living = new Set<SandboxProgram>();
  readonly #filling = new Map<string, Promise<void>>();
  #waiting: Waiting[] = [];
  #isOpen = true;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A ready sandbox: one that waits, or a new one. From then on more are made ready in the background. */
  async take(kind: ProgramKind): Promise<SandboxProgram> {
    const name = `${kind.runtime} ${kind.memoryMiB}`;
    const unit = this.#waiting.find((one) => one.kind === name);
    if (unit !== undefined) this.#drop(unit.program);
    const program = unit?.program ?? (await this.#make(kind));
    if (!this.#filling.has(name)) this.#filling.set(name, this.#refill(kind, name, program.ended));
    return program;
  }

  /** Where one run goes on alone and another sandbox stands ready, its answer goes first: starting one takes a core for some 40 ms. */
  async #refill(kind: ProgramKind, name: string, ended: Promise<unknown>): Promise<void> {
    const isSpare = this.#waiting.some((unit) => unit.kind === name);
    const isAlone = this.#living.size - this.#waiting.length <= 1;
    if (isSpare && isAlone) await Promise.race([ended.then(() => sleep(restMs)), sleep(longestRestMs)]);
    await this.#fill(kind, name);
  }

  /** Ends all that wait, and all that were taken and still run. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#killAll();
    await Promise.all(this.#filling.values());
    await this.#killAll(); // one may have been under way
  }

  async #make(kind: ProgramKind): Promise<SandboxProgram> {
    const program = await this.#options.start(kind);
    this.#living.add(program);
    void program.ended.then(() => this.#living.delete(program));
    if (!this.#isOpen) program.kill();
    await waitUntilReady(program);
    return program;
  }

  /** Where others push out what was made, it is not made again and again. */
  async #fill(kind: ProgramKind, name: string): Promise<void> {
    const { size, mostWaiting } = this.#options;
    try {
      for (let made = 0; this.#lacks(name) && (made < size || this.#waiting.length < mostWaiting); made += 1)
        this.#keep(name, await this.#make(kind));
    } catch {
      // the next run starts its own and says what is wrong
    } finally {
      this.#filling.delete(name);
    }
  }

  #lacks(name: string): boolean {
    return this.#isOpen && this.#waiting.filter((unit) => unit.kind === name).length < this.#options.size;
  }

  #keep(kind: string, program: SandboxProgram): void {
    const expiry = setTimeout(() => this.#discard(program), this.#options.lifeMs);
    expiry.unref();
    this.#waiting.push({ kind, program, expiry });
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.length > this.#options.mostWaiting) this.#discard(oldest.program);
    void program.ended.then(() => this.#drop(program)); // it may die while it waits
  }

  #discard(program: SandboxProgram): void {
    this.#drop(program);
    program.kill();
  }

  #drop(program: SandboxProgram): void {
    for (const unit of this.#waiting) if (unit.program === program) clearTimeout(unit.expiry);
    this.#waiting = this.#waiting.filter((unit) => unit.program !== program);
  }

  async #killAll(): Promise<void> {
    for (const program of this.#living) program.kill();
    await Promise.all([...this.#living].map((program) => program.ended));
  }
}
