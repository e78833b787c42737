import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
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
      const { hash, benefit } = await measure(client, id, deps.interrupted());
      if (options.json === true) deps.output.json({ skill: id, hash, benefit: benefit ?? null });
      else deps.output.line(`Skill ${id} (${hash.slice(0, 12)}): ${describeBenefit(benefit)}`);
    });
}

/** The same key is the same measurement, so asking again goes on waiting. */
async function measure(client: SkillsClient, id: string, signal: AbortSignal): Promise<EvalReply> {
  const key = randomUUID();
  for (;;) {
    const reply = await client.evaluate(id, key, signal);
    if (reply.state === 'measured') return reply;
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // the next line tells why
    if (signal.aborted) throw new TalosError('RUN_STOPPED', 'Nobody waits for the measurement any more.');
  }
}
