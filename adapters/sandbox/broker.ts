import type { Writable } from 'node:stream';

import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { anyJson } from '../../domain/json.ts';
import type { SkillPowers } from '../../domain/skills/ports.ts';
import { parseAnswer } from '../../domain/sandbox/answer.ts';
import type { SandboxVerdict } from '../../domain/sandbox/run.ts';

const Call = z.strictObject({
  id: z.int(),
  power: z.enum(['fetch', 'memory', 'tool', 'folder']),
  input: anyJson,
});
type Call = z.infer<typeof Call>;

/** Answers what one skill asks of the host. */
export type Broker = {
  /** Takes one call; tells why the run has to stop, if it has to. */
  take(text: string): { verdict: SandboxVerdict; reason: string } | undefined;
  /** What a denied call was worth, if one was denied. */
  denied(): SandboxVerdict | undefined;
  /** Gives up the calls that are open; nothing more is taken. */
  close(): void;
};

const mostAtOnce = 16;
/** All calls of a run; the powers themselves take less, and say so to the skill. */
const mostCalls = 2000;
const mostBytes = 3 * 16_777_216;

const denials = {
  fetch: 'network-denied',
  folder: 'fs-denied',
  memory: 'privilege-denied',
  tool: 'privilege-denied',
} as const satisfies Record<Call['power'], SandboxVerdict>;

/** Makes the broker of one run; its answers go back line by line. */
export function createBroker(stdin: Writable, powers: SkillPowers): Broker {
  const ending = new AbortController();
  let open = 0;
  let bytes = 0;
  let calls = 0;
  let denied: SandboxVerdict | undefined;

  /** Resolves when the pipe has taken it: a skill that does not read must not fill the memory of the host. */
  const reply = (line: unknown): Promise<void> =>
    new Promise((resolve) => {
      if (ending.signal.aborted) resolve();
      else stdin.write(`${JSON.stringify(line)}\n`, () => resolve());
    });

  async function serve({ id, power, input }: Call): Promise<void> {
    open += 1;
    try {
      await reply({ id, value: await powers.call(power, input, ending.signal) });
    } catch (error) {
      const known = error instanceof TalosError ? error : undefined;
      if (known?.code === 'PERMISSION_DENIED') denied = denials[power];
      // what else went wrong is the host's business
      await reply({
        id,
        error: { code: known?.code ?? 'INTERNAL', message: known?.message ?? 'The host could not do this.' },
      });
    } finally {
      open -= 1;
    }
  }

  return {
    take(text) {
      if (ending.signal.aborted) return undefined;
      bytes += text.length;
      calls += 1;
      if (bytes > mostBytes) return { verdict: 'output-limit', reason: 'it asked for too much' };
      if (calls > mostCalls) return { verdict: 'output-limit', reason: 'it asked too often' };
      const read = parseAnswer(text);
      const call = 'output' in read ? Call.safeParse(read.output) : undefined;
      if (call?.success !== true) return { verdict: 'invalid-output', reason: 'it made a call that is none' };
      const { id } = call.data;
      if (open >= mostAtOnce)
        void reply({
          id,
          error: { code: 'TOO_MANY_REQUESTS', message: `At most ${mostAtOnce} calls may be open at once.` },
        });
      else void serve(call.data);
      return undefined;
    },
    denied: () => denied,
    close: () => ending.abort(),
  };
}
