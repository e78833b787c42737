import type { Command } from 'commander';
import { z } from 'zod';

import { MessageId } from '../../domain/chat.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { JsonValue } from '../../domain/json.ts';
import { AwaitedCloud, describeDeparture } from '../../domain/routing/departure.ts';
import { AwaitedCall, CallId } from '../../domain/skills/steps.ts';
import { type ApiSocket, createApiSocket } from '../api-socket.ts';
import type { CliDeps } from '../command.ts';
import { formatTime } from '../format-time.ts';
import { plainLine } from '../plain-text.ts';

const examples = `
A call of a skill that needs your consent waits until you allow or refuse it, and so does a message that would go to a cloud while
CLOUD_FALLBACK is ask. Allowing takes a code that only you can read.

Examples:
  talos approvals ls
  talos approvals approve kitchen.1f2e 1-1                sends a code; read it with: talos codes
  talos approvals approve kitchen.1f2e 1-1 --code 0123
  talos approvals refuse kitchen.1f2e 1-1
  talos approvals approve kitchen.1f2e cloud              lets the message itself go to the cloud`;

const Waiting = z.object({ calls: z.array(AwaitedCall), clouds: z.array(AwaitedCloud) });

/** `talos approvals`: what waits for the owner. */
export function addApprovalsCommand(program: Command, deps: CliDeps): void {
  const approvals = program
    .command('approvals')
    .description('allow or refuse what waits for you')
    .addHelpText('after', examples);
  const api = () => createApiSocket(homePaths(deps.config()).apiSocket);
  approvals
    .command('ls')
    .description('list what waits')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: true }) => list(api(), deps, options));
  approvals
    .command('approve')
    .description('allow what waits; without a code one is sent')
    .argument('<message>', 'the message that waits')
    .argument('<call>', 'the call in it, such as 1-1, or cloud')
    .option('--code <code>', 'the code that was sent')
    .option('--json', 'print what came of it as JSON')
    .action(async (message: string, call: string, { code, json }: { code?: string; json?: true }) => {
      const path = pathOf(message, call);
      const [step, body, told] =
        code === undefined
          ? ['tts-request', undefined, codeSent(message, call)]
          : ['approve', { tts_code: code }, 'It is allowed.'];
      await post(api(), deps, { path: `${path}/${step}`, body, told, json });
    });
  approvals
    .command('refuse')
    .description('refuse what waits; a message goes on without a call, and ends without a cloud')
    .argument('<message>', 'the message that waits')
    .argument('<call>', 'the call in it, such as 1-1, or cloud')
    .option('--json', 'print what came of it as JSON')
    .action(async (message: string, call: string, { json }: { json?: true }) => {
      await post(api(), deps, { path: `${pathOf(message, call)}/refuse`, body: {}, told: 'It is refused.', json });
    });
}

function pathOf(message: string, call: string): string {
  const [id, place] = [MessageId.safeParse(message), CallId.safeParse(call)];
  if (!id.success) throw new TalosError('VALIDATION_FAILED', `${message} is no message id; see: talos approvals ls`);
  if (call === 'cloud') return `/chat/${message}/cloud`;
  if (!place.success)
    throw new TalosError('VALIDATION_FAILED', `${call} is no call, such as 1-1, nor cloud; see: talos approvals ls`);
  return `/chat/${message}/calls/${call}`;
}

async function list(api: ApiSocket, { output }: CliDeps, options: { json?: true }): Promise<void> {
  const { calls, clouds } = await api.json({ method: 'GET', path: '/approvals' }, Waiting);
  if (options.json === true) return output.json([...calls, ...clouds]);
  if (calls.length + clouds.length === 0) return output.note('Nothing is waiting.');
  for (const { message, until, ...departure } of clouds) {
    output.line(
      `${message} cloud  would send ${plainLine(describeDeparture(departure), 300)}  (until ${formatTime(until)})`,
    );
  }
  for (const { message, call, skill, asksFor, until } of calls) {
    output.line(`${message} ${call}  ${skill} would ${plainLine(asksFor.join(', '))}  (until ${formatTime(until)})`);
  }
}

function codeSent(message: string, call: string): string {
  return `A code was sent; read it with: talos codes. Then: talos approvals approve ${message} ${call} --code <code>`;
}

type Posting = {
  readonly path: string;
  readonly body: object | undefined;
  /** What is said of it where no JSON is asked for. */
  readonly told: string;
  readonly json: true | undefined;
};

async function post(api: ApiSocket, { output }: CliDeps, { path, body, told, json }: Posting): Promise<void> {
  const answer = await api.json({ method: 'POST', path, ...(body !== undefined && { body }) }, JsonValue);
  if (json === true) output.json(answer);
  else output.line(told);
}
