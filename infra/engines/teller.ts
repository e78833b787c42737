import type { Progress } from './engine.ts';

/** Tells how far one engine has come, at least once a second while a step lasts. */
export interface Teller {
  say(text: string, fraction?: number): void;
  /** Says how a long step goes by the newest line of its output. */
  line(text: string): void;
  stop(): void;
}

type Named = Parameters<Progress>[0]['engine'];

const longestLine = 60;

/** Repeats the last word with the seconds gone by, so that a long step never looks dead. */
export function createTeller(engine: Named, progress: Progress): Teller {
  const startedAt = performance.now();
  let step = 'starting';
  let detail = '';
  let done: number | undefined;
  let toldAt = 0;

  function tell(): void {
    toldAt = performance.now();
    const seconds = Math.floor((toldAt - startedAt) / 1000);
    const text = detail === '' ? `${step} (${seconds} s)` : `${step} (${seconds} s): ${detail}`;
    progress({ engine, text, ...(done !== undefined && { fraction: done }) });
  }

  const timer = setInterval(tell, 1000);
  timer.unref();
  return {
    say(text, fraction) {
      const isNew = text !== step;
      [step, detail, done] = [text, '', fraction];
      if (isNew || performance.now() - toldAt > 200) tell();
    },
    line(text) {
      detail = text.length > longestLine ? `${text.slice(0, longestLine)}...` : text;
      if (performance.now() - toldAt > 200) tell();
    },
    stop: () => clearInterval(timer),
  };
}

/** What the caller of a long step hands down. */
export type Step = { readonly signal: AbortSignal; readonly teller: Teller };

/** Gives work a teller for as long as it runs. */
export async function withTeller<T>(
  engine: Named,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const teller = createTeller(engine, progress);
  try {
    return await work({ signal, teller });
  } finally {
    teller.stop();
  }
}
