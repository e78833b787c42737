import { z } from 'zod';

import { isErrorCode, TalosError, toTalosError } from '../domain/errors.ts';
import type { StackReport } from '../infra/stack-context.ts';
import type { Output } from './command.ts';
import { messageOf } from './output.ts';

/** Who hears how a start goes: this terminal, or the process that waits for a detached one. */
export interface UpReport extends StackReport {
  ready(lines: readonly string[]): void;
}

/** What a detached start tells the process that waits for it. */
export const UpMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    name: z.string(),
    text: z.string(),
    fraction: z.number().optional(),
    done: z.boolean().optional(),
  }),
  z.object({ type: z.literal('note'), text: z.string() }),
  z.object({ type: z.literal('ready'), lines: z.array(z.string()) }),
  z.object({
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
]);
export type UpMessage = z.infer<typeof UpMessage>;

/** Reports to this terminal. */
export function reportToTerminal(output: Output): UpReport {
  const restarting = new Set<string>();
  return {
    progress: (name, text, options) => output.progress(name, text, options),
    note: (text) => output.note(text),
    ready: (lines) => lines.forEach((line) => output.line(line)),
    child({ name, state, reason }) {
      if (state === 'restarting') {
        restarting.add(name);
        output.note(`${name} ${reason ?? 'ended'}; starting it again`);
      } else if (state === 'ready' && restarting.delete(name)) output.note(`${name} is ready again`);
    },
  };
}

/** Reports over the channel to the process that started this one; nothing once that has gone. */
export function reportToParent(send: (message: UpMessage) => void): UpReport {
  return {
    progress: (name, text, options = {}) => send({ type: 'progress', name, text, ...options }),
    note: (text) => send({ type: 'note', text }),
    ready: (lines) => send({ type: 'ready', lines: [...lines] }),
    child: () => undefined,
  };
}

/** An error as the waiting process gets it. */
export function toFailedMessage(thrown: unknown): UpMessage {
  const { code, details } = toTalosError(thrown);
  return { type: 'failed', code, message: messageOf(thrown), details };
}

/** The error of a detached start, as it was thrown there. */
export function fromFailedMessage({ code, message, details }: Extract<UpMessage, { type: 'failed' }>): TalosError {
  return new TalosError(isErrorCode(code) ? code : 'INTERNAL', message, { details });
}
