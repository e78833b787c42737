import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import { askAgain } from '../../ask-again.ts';
import type { CliDeps } from '../../command.ts';
import { describeBenefit } from '../../skill-card.ts';
import { createSkillsClient, type EvalReply, type SkillsClient } from '../../skills-client.ts';

/** How soon the end of a long measurement is noticed. */
const lookMs = 1000;

const examples = `
Runs the cases of the version under test, or else of the active one, with the skill and by the model alone. Changes nothing.

Examples:
  talos skills eval csv-summary
  talos skills eval csv-summary --json`;

/** `talos skills eval`: does it help? */
export function addSkillEval(skills: Command, deps: CliDeps): void {
  skills
    .command('eval')
    .description('measure whether a skill helps the model')
    .argument('<id>', 'the name of the skill')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', examples)
    .action(async (id: string, options: { json?: true }) => {
      const client = createSkillsClient(homePaths(deps.config()).apiSocket);
      const onBreak = (): void => deps.output.note('The connection broke; trying again.');
      const { hash, benefit } = await measure({ client, id, signal: deps.interrupted(), onBreak });
      if (options.json === true) deps.output.json({ skill: id, hash, benefit: benefit ?? null });
      else deps.output.line(`Skill ${id} (${hash.slice(0, 12)}): ${describeBenefit(benefit)}`);
    });
}

type Measuring = {
  readonly client: SkillsClient;
  readonly id: string;
  readonly signal: AbortSignal;
  readonly onBreak: () => void;
};

/** The same key is the same measurement, so asking again goes on waiting. */
async function measure({ client, id, signal, onBreak }: Measuring): Promise<EvalReply> {
  const key = randomUUID();
  let look = () => client.evaluate(id, key, signal);
  for (;;) {
    const reply = await look().catch((thrown: unknown) => {
      throw signal.aborted ? givenUp() : thrown;
    });
    if (reply.state === 'measured') return reply;
    look = () => askAgain(() => client.evaluate(id, key, signal), { signal, onBreak });
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // the next line tells why
    if (signal.aborted) throw givenUp();
  }
}

function givenUp(): TalosError {
  return new TalosError('RUN_STOPPED', 'Nobody waits for the measurement any more.');
}
