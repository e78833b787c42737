import { isDeadline } from '../ollama-http.ts';
import { type SilenceLimits, watchSilence } from '../ollama-silence.ts';
import { failureOfChild, silent } from './failures.ts';
import type { ChildReply } from './protocol.ts';
import { type ChildOptions, type Order, type RunningChild, startChild } from './running-child.ts';

type ModelProcessOptions = Omit<ChildOptions, 'onQuiet' | 'onEnd'> & {
  readonly silence: SilenceLimits;
  /** How long the process stays after its last answer. */
  readonly idleMs: number;
};

/** The process of a model: it is started by the first order, and anew after it has ended. */
export type ModelProcess = {
  /** Everything said to an order. Its last word is `finish`, `vectors` or `loaded`; failures are thrown as TalosErrors. */
  run(order: Order, signal: AbortSignal): AsyncGenerator<ChildReply, void>;
  /** Whether the model has been loaded and the process still runs. */
  isLoaded(): boolean;
  stop(): void;
};

const lastWords: readonly ChildReply['type'][] = ['finish', 'vectors', 'loaded'];

/** Makes the process of a model; nothing runs before the first order. */
export function createModelProcess(options: ModelProcessOptions): ModelProcess {
  let running: { readonly child: RunningChild; loaded: boolean } | undefined;
  let idle: NodeJS.Timeout | undefined;

  function start() {
    const child = startChild({
      ...options,
      onQuiet() {
        if (running?.child === child) idle = setTimeout(() => child.kill(), options.idleMs).unref();
      },
      onEnd() {
        if (running?.child === child) running = undefined;
      },
    });
    return { child, loaded: false };
  }

  async function* run(order: Order, signal: AbortSignal): AsyncGenerator<ChildReply, void> {
    signal.throwIfAborted();
    clearTimeout(idle);
    const used = (running ??= start());
    const asked = used.child.ask(order);
    const watch = watchSilence(silent(options));
    const either = AbortSignal.any([signal, watch.signal]);
    const { firstTokenMs, betweenTokensMs } = options.silence;
    try {
      // How long a load may take is up to whoever asks for it: a large file on a slow disk takes minutes, and tells nothing meanwhile.
      if (order.type !== 'load') watch.wait(firstTokenMs);
      for (;;) {
        const reply = await asked.next(either);
        watch.pause();
        if (reply.type === 'failed') throw failureOfChild(reply.failure, reply.text, options);
        used.loaded = true;
        yield reply;
        if (lastWords.includes(reply.type)) return;
        watch.wait(reply.type === 'working' ? firstTokenMs : betweenTokensMs);
      }
    } catch (thrown) {
      throw signal.aborted && isDeadline(signal.reason) ? silent(options) : thrown;
    } finally {
      if (watch.signal.aborted) used.child.kill(); // it hangs
      watch.close();
      asked.abandon();
    }
  }

  return {
    run,
    isLoaded: () => running?.loaded ?? false,
    stop() {
      running?.child.kill();
      running = undefined;
    },
  };
}
