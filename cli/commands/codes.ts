import type { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';

import type { DeliveredCode } from '../../domain/approval/code.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { askAgain } from '../ask-again.ts';
import { type ApiClient, createApiClient } from '../client.ts';
import type { CliDeps } from '../command.ts';
import { formatTime } from '../format-time.ts';

type CodesOptions = { json?: true; follow?: true };

/** How soon `--follow` shows a new code. */
const lookMs = 1000;

const examples = `
A code consents to one thing, works once and lasts five minutes. Only the owner of this home can read it.

Examples:
  talos codes
  talos codes --follow    go on with new ones until Ctrl-C
  talos codes --json      one JSON object per line`;

/** `talos codes`: shows the codes that wait for the owner. */
export function addCodesCommand(program: Command, deps: CliDeps): void {
  program
    .command('codes')
    .description('show the codes that consent to what was asked for')
    .option('-f, --follow', 'go on with new codes until Ctrl-C')
    .option('--json', 'print codes as JSON')
    .addHelpText('after', examples)
    .action(async (options: CodesOptions) => {
      const client = createApiClient(homePaths(deps.config()).apiSocket);
      const print = (code: DeliveredCode): void =>
        deps.output.line(options.json === true ? JSON.stringify(code) : describeCode(code));
      const codes = await client.codes();
      codes.forEach(print);
      if (options.follow === true) {
        const onBreak = (): void => deps.output.note('The connection broke; trying again.');
        return await follow(client, { shown: codes, print, signal: deps.following(), onBreak });
      }
      if (codes.length === 0) deps.output.note('No code is waiting.');
    });
}

type Following = {
  readonly shown: readonly DeliveredCode[];
  readonly print: (code: DeliveredCode) => void;
  readonly signal: AbortSignal;
  readonly onBreak: () => void;
};

async function follow(client: ApiClient, { shown, print, signal, onBreak }: Following): Promise<void> {
  let known = new Set(shown.map(({ id }) => id));
  while (!signal.aborted) {
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // Ctrl-C ends the wait and with it the command
    if (signal.aborted) return;
    const codes = await askAgain(() => client.codes(), { signal, onBreak });
    codes.filter(({ id }) => !known.has(id)).forEach(print);
    known = new Set(codes.map(({ id }) => id));
  }
}

function describeCode({ code, action, subject, binding, expiresAt }: DeliveredCode): string {
  const what = {
    'skill-promote': `promote skill ${subject}, version ${binding.slice(0, 12)}`,
    'skill-run': `let skill ${subject} run`,
    'cloud-call': `let message ${subject} go to Gemini`,
    'lockdown-unlock': 'lift the lockdown',
  }[action];
  return `${code}  ${what}  (until ${formatTime(expiresAt)})`;
}
