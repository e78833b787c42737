import { createInterface } from 'node:readline';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError, toTalosError } from '../../../domain/errors.ts';
import type { SkillLife, SkillVersion } from '../../../domain/skills/life.ts';
import { consentRefusal } from '../../../domain/skills/promotion.ts';
import type { SkillView } from '../../../domain/skills/view.ts';
import type { CliDeps } from '../../command.ts';
import { evidenceCard } from '../../skill-card.ts';
import { createSkillsClient, type SkillsClient } from '../../skills-client.ts';
import type { ChatInput } from '../chat.ts';

type ApproveOptions = { code?: string; override?: string; json?: true };

const examples = `
Shows the evidence and asks for a code, which promotes this version and no other. Read the code with \`talos codes\` in another terminal.

Examples:
  talos skills approve csv-summary
  talos skills approve csv-summary --code 0123
  talos skills approve csv-summary --override "it is much quicker"    although the model alone did better`;

/** A typing error may be mended so often; Talos itself counts, too. */
const mostTries = 3;

/** `talos skills approve`: promotes the version that waits. */
export function addSkillApprove(skills: Command, deps: CliDeps, input: ChatInput): void {
  skills
    .command('approve')
    .description('promote the version that waits for you')
    .argument('<id>', 'the name of the skill')
    .option('--code <code>', 'a code that was asked for before')
    .option('--override <reason>', 'why it is promoted although the model alone did better')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', examples)
    .action(async (id: string, options: ApproveOptions) => {
      const client = createSkillsClient(homePaths(deps.config()).apiSocket);
      const view = await client.view(id);
      const version = promotable(view, options.override);
      for (const line of evidenceCard(view, version)) {
        if (options.json === true) deps.output.note(line);
        else deps.output.line(line);
      }
      const life = await consent({ client, id, version, options, deps, input });
      if (options.json === true) deps.output.json(life);
      else
        deps.output.line(`Skill ${id} ${version.version} is active. Check its certificate: talos skills verify ${id}`);
    });
}

/** The version an approval would be for; what would be refused is refused before a code is asked for. */
function promotable({ life, problem }: SkillView, override: string | undefined): SkillVersion {
  const { candidate } = life;
  const refusal = consentRefusal(life, { hash: candidate?.hash ?? '', override });
  if (refusal !== undefined) throw new TalosError(refusal.code, refusal.message);
  if (problem !== undefined) throw new TalosError(problem.code, problem.message);
  if (candidate !== undefined) return candidate;
  throw new TalosError('SKILL_NOT_READY', `Skill ${life.id} has no version that waits for approval.`);
}

type Asking = {
  readonly client: SkillsClient;
  readonly id: string;
  readonly version: SkillVersion;
  readonly options: ApproveOptions;
  readonly deps: CliDeps;
  readonly input: ChatInput;
};

async function consent({ client, id, version: { hash }, options, deps, input }: Asking): Promise<SkillLife> {
  const promote = (code: string) =>
    client.promote(id, { tts_code: code, hash, ...(options.override !== undefined && { override: options.override }) });
  if (options.code !== undefined) return promote(options.code);
  const { expiresAt } = await client.askCode(id, hash);
  deps.output.note(`\nRead the code with \`talos codes\` in another terminal; it counts until ${timeOf(expiresAt)}.`);
  return promoteByTyping(promote, { deps, input });
}

/** Takes codes line by line; a person at a terminal may mend a typing error. */
async function promoteByTyping(
  promote: (code: string) => Promise<SkillLife>,
  { deps, input }: Pick<Asking, 'deps' | 'input'>,
): Promise<SkillLife> {
  const isPerson = input.isTTY === true;
  const lines = createInterface({ input, prompt: 'Code: ', ...(isPerson && { output: process.stderr }) });
  const isMended = (thrown: unknown) => isPerson && toTalosError(thrown).code === 'APPROVAL_REFUSED';
  let tries = 0;
  let isClosed = false;
  lines.once('close', () => (isClosed = true));
  lines.prompt();
  try {
    for await (const code of lines) {
      tries += 1;
      const life = await promote(code.trim()).catch((thrown: unknown) => {
        if (tries >= mostTries || !isMended(thrown)) throw thrown;
        deps.output.note(toTalosError(thrown).message);
      });
      if (life !== undefined) return life;
      if (!isClosed) lines.prompt();
    }
  } finally {
    lines.close();
  }
  throw new TalosError('APPROVAL_REFUSED', 'No code was given; nothing was changed.');
}

function timeOf(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}
