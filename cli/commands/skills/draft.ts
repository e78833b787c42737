import { setTimeout as pause } from 'node:timers/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { errorCatalogue, TalosError } from '../../../domain/errors.ts';
import { describeDraft } from '../../../domain/skills/describe-draft.ts';
import { SkillDraft } from '../../../domain/skills/draft.ts';
import { askAgain } from '../../ask-again.ts';
import { createApiSocket } from '../../api-socket.ts';
import type { CliDeps } from '../../command.ts';
import { plainText } from '../../plain-text.ts';

type DraftOptions = { json?: true; detach?: true };

/** How soon a change is seen. */
const lookMs = 500;

const examples = `
The model writes code and cases, the cases are run in the sandbox, and what works goes into quarantine; nothing is used before you approve it.

Examples:
  talos skills draft "Make a skill that shouts a text"
  talos skills draft --detach "Make a skill that counts words"    do not wait for it`;

/** `talos skills draft`: lets the model write a skill. */
export function addSkillDraft(skills: Command, deps: CliDeps): void {
  skills
    .command('draft')
    .description('let the model write a skill')
    .argument('<request...>', 'what the skill is to do')
    .option('--detach', 'do not wait until it is written')
    .option('--json', 'print the draft as JSON')
    .addHelpText('after', examples)
    .action(async (words: string[], options: DraftOptions) => {
      const api = createApiSocket(homePaths(deps.config()).apiSocket);
      const signal = deps.interrupted();
      const look = (key: string) => api.json({ method: 'GET', path: `/skills/drafts/${key}` }, SkillDraft);
      let draft = await api.json(
        { method: 'POST', path: '/skills/drafts', body: { request: words.join(' ') } },
        SkillDraft,
      );
      while (draft.state === 'writing' && options.detach !== true && !signal.aborted) {
        await pause(lookMs, undefined, { signal }).catch(() => undefined); // Ctrl-C ends the wait; the writing goes on
        const { key } = draft;
        draft = await askAgain(() => look(key), { signal });
      }
      if (options.json === true) deps.output.json(draft);
      else deps.output.line(plainText(describeDraft(draft)));
      if (draft.state === 'writing' && signal.aborted) deps.setExitCode(errorCatalogue.RUN_STOPPED.exitCode);
      if (draft.state === 'failed') throw new TalosError('SKILL_INVALID', `Draft ${draft.key} came to nothing.`);
    });
}
