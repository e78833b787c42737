import { createInterface } from 'node:readline/promises';

import type { Command } from 'commander';

import { ConversationId } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import type { OwnerPorts } from '../../domain/ports.ts';
import type { CliDeps } from '../command.ts';
import { formatTime } from '../format-time.ts';
import type { ChatInput } from './chat.ts';
import { bestEffort } from './panic.ts';

type UnlockOptions = { conversation?: string; yes?: true };

const examples = `
Only the owner can do this, on this host; it is written into the audit log.

Examples:
  talos unlock
  talos unlock --yes                     without a question, for scripts
  talos unlock --conversation kitchen    only this conversation, which the firewall put on hold`;

/** `talos unlock`: lifts a lockdown, or the hold of one conversation. */
export function addUnlockCommand(program: Command, deps: CliDeps, input: ChatInput = process.stdin): void {
  program
    .command('unlock')
    .description('lift a lockdown, or the hold of one conversation')
    .option('--conversation <id>', 'lift the hold of this conversation and nothing else')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples)
    .action(async (options: UnlockOptions) => {
      const conversation = parseConversation(options.conversation);
      const ports = await deps.ownerPorts(deps.config());
      const confirm = (question: string) => confirmed(question, options, input);
      try {
        if (conversation === undefined) await liftLockdown(ports, deps, confirm);
        else await liftHold(ports, deps, conversation);
      } finally {
        await ports.close();
      }
    });
}

function parseConversation(text: string | undefined): ConversationId | undefined {
  if (text === undefined) return undefined;
  const result = ConversationId.safeParse(text);
  if (result.success) return result.data;
  throw new TalosError(
    'VALIDATION_FAILED',
    `--conversation ${text}: ${result.error.issues[0]?.message ?? 'is not valid'}.`,
  );
}

async function liftLockdown(
  ports: OwnerPorts,
  deps: CliDeps,
  confirm: (question: string) => Promise<boolean>,
): Promise<void> {
  const { output } = deps;
  const state = await ports.lockdown.state();
  if (!state.locked) return output.line('Talos is not locked down.');
  output.note(`Locked down since ${formatTime(state.at)} by ${state.by}: ${state.reason}`);
  if (!(await confirm('Lift the lockdown?'))) return output.line('Nothing was changed.');
  await ports.audit.append({ type: 'lockdown-lifted', actor: 'owner', details: { via: 'command line' } });
  await ports.lockdown.unlock();
  await bestEffort(deps, 'The lockdown workflow was not ended', () => ports.runtime.endLockdown('owner'));
  output.line('The lockdown is lifted.');
}

async function liftHold(ports: OwnerPorts, { output }: CliDeps, conversation: ConversationId): Promise<void> {
  const until = await ports.holds.heldUntil(conversation);
  if (until === undefined) return output.line(`Conversation ${conversation} is not on hold.`);
  await ports.audit.append({ type: 'hold-lifted', actor: 'owner', subject: conversation });
  await ports.holds.release(conversation);
  output.line(`The hold of conversation ${conversation} is lifted.`);
}

async function confirmed(question: string, options: UnlockOptions, input: ChatInput): Promise<boolean> {
  if (options.yes === true) return true;
  if (input.isTTY !== true) throw new TalosError('VALIDATION_FAILED', 'Nobody can be asked here: add --yes.');
  const lines = createInterface({ input, output: process.stderr, prompt: `${question} [y/N] ` });
  lines.prompt();
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false; // Ctrl-C or Ctrl-D
  } finally {
    lines.close();
  }
}
