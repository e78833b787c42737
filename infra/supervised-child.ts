import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { TalosError } from '../domain/errors.ts';
import { markVariable } from '../domain/night/supervisor-mark.ts';
import { failuresAfter, restartDelayMs } from './back-off.ts';
import type { BackOff } from './back-off.ts';
import type { ChildSpec } from './engines/engine.ts';
import type { Guard } from './guard.ts';
import type { LineLog } from './line-log.ts';
import { identify, signalGroup, signalProcess } from './process-identity.ts';

/** Where a child is in its life. `failed` is final: it never became ready. */
export type ChildState = 'starting' | 'ready' | 'restarting' | 'stopping' | 'stopped' | 'failed';

/** How a child is now. `since` is ms since 1970, `restarts` counts from the first start. */
export type ChildStatus = {
  readonly name: string;
  readonly state: ChildState;
  readonly since: number;
  readonly restarts: number;
  readonly pid?: number;
  readonly reason?: string;
};

/** What a supervised child needs of its supervisor. */
export type ChildSurroundings = {
  readonly mark: string;
  /** Variables every child gets; those of its spec win. */
  readonly environment: Readonly<Record<string, string>>;
  readonly guard: Guard;
  readonly log: LineLog;
  readonly backOff: BackOff;
  readonly health: Health;
  readonly onChange: (status: ChildStatus) => void;
};

/** How often a ready child is asked, and after how many silent answers it is started again. */
export type Health = { readonly intervalMs: number; readonly timeoutMs: number; readonly strikes: number };

type Run = {
  readonly pid: number | undefined;
  /** Aborted when the leader of the group has ended. */
  readonly gone: AbortSignal;
  /** Resolves with how the leader ended. */
  readonly exited: Promise<string>;
  /** Resolves when all output has been read. */
  readonly drained: Promise<void>;
};

/** One child: started, watched, started again when it ends or hangs, until it is stopped. */
export class SupervisedChild {
  readonly spec: ChildSpec;
  readonly #around: ChildSurroundings;
  readonly #stopping = new AbortController();
  #status: ChildStatus;
  #run: Run | undefined;
  #ended: Run | undefined;
  #kept: Promise<void> | undefined;

  constructor(spec: ChildSpec, around: ChildSurroundings) {
    this.spec = spec;
    this.#around = around;
    this.#status = { name: spec.name, state: 'starting', since: Date.now(), restarts: 0 };
  }

  get status(): ChildStatus {
    return this.#status;
  }

  /** Starts the child; resolves once it is ready for the first time. Fails with ENGINE_FAILED. */
  async start(): Promise<void> {
    const first = this.#launch();
    const problem = await this.#waitReady(first);
    if (problem === undefined) {
      this.#kept = this.#keep(first);
      return;
    }
    if (!this.#stopping.signal.aborted) {
      await this.#end(first);
      this.#change('failed', problem);
    }
    throw this.#startError(problem);
  }

  /** Stops the child with its signal; what is left of its group after the grace is killed. */
  async stop(): Promise<void> {
    if (this.#status.state === 'failed' || this.#status.state === 'stopped') return;
    this.#stopping.abort();
    this.#change('stopping');
    if (this.#run !== undefined) await this.#stopRun(this.#run);
    await this.#kept;
    this.#change('stopped');
  }

  /** Kills the whole group at once; for the end of the process. */
  kill(): void {
    this.#stopping.abort();
    if (this.#run?.pid !== undefined && !this.#run.gone.aborted) signalGroup(this.#run.pid, 'SIGKILL');
  }

  async #keep(first: Run): Promise<void> {
    let run = first;
    let failures = 0;
    let problem: string | undefined;
    for (;;) {
      const readySince = performance.now();
      if (problem === undefined) {
        problem = await this.#watch(run);
        failures = failuresAfter(failures, performance.now() - readySince, this.#around.backOff);
      }
      if (this.#stopping.signal.aborted) return;
      await this.#end(run);
      this.#change('restarting', problem);
      const mayGoOn = await pause(restartDelayMs(failures, this.#around.backOff), this.#stopping.signal);
      if (!mayGoOn || this.#stopping.signal.aborted) return;
      failures += 1;
      this.#status = { ...this.#status, restarts: this.#status.restarts + 1 };
      run = this.#launch();
      problem = await this.#waitReady(run);
    }
  }

  #launch(): Run {
    this.#run = this.#spawn();
    this.#change('starting');
    return this.#run;
  }

  /** Some failures to run a program are thrown at once, such as that of a machine without memory; they are tried again like any other. */
  #spawn(): Run {
    try {
      return this.#spawnChild();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const exited = Promise.resolve(`cannot be run: ${reason}`);
      return { pid: undefined, gone: AbortSignal.abort(), exited, drained: Promise.resolve() };
    }
  }

  #spawnChild(): Run {
    const { spec } = this;
    spec.beforeStart?.();
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.#around.environment, ...spec.env, [markVariable]: this.#around.mark },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    });
    const gone = new AbortController();
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`cannot be run: ${error.message}`));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
      );
    });
    const drained = new Promise<void>((resolve) => child.once('close', () => resolve()));
    void exited.then(() => gone.abort());
    child.stdout.on('data', (chunk: Buffer) => this.#around.log.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#around.log.write(chunk));
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity !== undefined) this.#around.guard.watch(identity, spec.stopSignal);
    return { pid: child.pid, gone: gone.signal, exited, drained };
  }

  /** Undefined once the child is ready, else why it is not. */
  async #waitReady(run: Run): Promise<string | undefined> {
    const timeout = AbortSignal.timeout(this.spec.readyTimeoutMs);
    const signal = AbortSignal.any([run.gone, timeout, this.#stopping.signal]);
    for (let waitMs = 20; ; waitMs = Math.min(waitMs * 1.3, 200)) {
      const problem = await this.#probe(signal);
      if (run.gone.aborted) return await run.exited;
      if (this.#stopping.signal.aborted) return 'was stopped while it started';
      if (problem === undefined) return await this.#afterReady(run);
      if (timeout.aborted) return `was not ready after ${this.spec.readyTimeoutMs / 1000} s (${problem})`;
      await pause(waitMs, signal);
    }
  }

  async #afterReady(run: Run): Promise<string | undefined> {
    const { spec } = this;
    const timeout = AbortSignal.timeout(spec.readyTimeoutMs);
    try {
      await spec.afterReady?.(AbortSignal.any([run.gone, timeout, this.#stopping.signal]));
    } catch (error) {
      if (timeout.aborted) return `was not set up after ${spec.readyTimeoutMs / 1000} s`;
      return `could not be set up: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (this.#stopping.signal.aborted) return 'was stopped while it started';
    this.#change('ready');
    return undefined;
  }

  /** Undefined when the child serves, else what it said instead. */
  async #probe(signal: AbortSignal): Promise<string | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#around.health.timeoutMs)]);
    try {
      const isReady = await Promise.race([this.spec.ready(limit), whenAborted(limit)]);
      return isReady ? undefined : 'no answer';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Resolves with the reason when the run has ended or hangs. */
  async #watch(run: Run): Promise<string> {
    const { intervalMs, strikes } = this.#around.health;
    const signal = AbortSignal.any([run.gone, this.#stopping.signal]);
    let silent = 0;
    while (silent < strikes && (await pause(intervalMs, signal))) {
      silent = (await this.#probe(signal)) === undefined ? 0 : silent + 1;
    }
    return signal.aborted ? await run.exited : `gave no answer ${strikes} times in a row`;
  }

  async #stopRun(run: Run): Promise<void> {
    if (run.pid !== undefined && !run.gone.aborted) signalProcess(run.pid, this.spec.stopSignal);
    await Promise.race([run.exited, sleep(this.spec.stopGraceMs, undefined, { ref: false })]);
    await this.#end(run);
  }

  /** Kills what is left of the group. Once only per run: later the number may belong to another group. */
  async #end(run: Run): Promise<void> {
    if (this.#ended === run) return;
    this.#ended = run;
    if (run.pid !== undefined) signalGroup(run.pid, 'SIGKILL');
    await run.exited;
    await Promise.race([run.drained, sleep(500, undefined, { ref: false })]); // a process outside the group may hold the pipe
    if (run.pid !== undefined) this.#around.guard.forget(run.pid);
  }

  #change(state: ChildState, reason?: string): void {
    const { name, restarts } = this.#status;
    const pid = this.#run?.pid;
    this.#status = {
      name,
      state,
      since: Date.now(),
      restarts,
      ...(pid === undefined || this.#run?.gone.aborted ? {} : { pid }),
      ...(reason === undefined ? {} : { reason }),
    };
    this.#around.onChange(this.#status);
  }

  #startError(reason: string): TalosError {
    const { name } = this.spec;
    const { log } = this.#around;
    const lines = log.tail().map((line) => `  ${line}`);
    const said = lines.length === 0 ? '' : `\nIts last lines:\n${lines.join('\n')}`;
    return new TalosError('ENGINE_FAILED', `${name} ${reason}.${said}\nAll it said is in ${log.path}`, {
      details: { engine: name, log: log.path },
    });
  }
}

/** Waits; false when the signal came first. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(ms, true, { signal }).catch(() => false); // the only way it rejects is the signal
}

async function whenAborted(signal: AbortSignal): Promise<false> {
  if (signal.aborted) return false;
  return await new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
}
