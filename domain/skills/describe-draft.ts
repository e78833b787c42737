import type { SkillDraft } from './draft.ts';
import { CLEAN_RUNS } from './quarantine.ts';

/** What the owner is told of a draft: what was written, where it stands, and what to do. */
export function describeDraft({ state, skill, hash, tries, problem, key }: SkillDraft): string {
  switch (state) {
    case 'writing':
      return `The skill is still being written (draft ${key}).`;
    case 'submitted':
      return [
        `I have written the skill \`${skill}\` (version ${hash?.slice(0, 12)}, try ${tries.length}), and all of its cases passed in the sandbox.`,
        `It is in quarantine now: after ${CLEAN_RUNS} clean runs it waits for you, and until you approve it nothing uses it.`,
        `Follow it: \`talos skills show ${skill} --follow\`. Approve it: \`talos skills approve ${skill}\`, with a code from \`talos codes\`.`,
      ].join('\n');
    case 'failed':
      return `I could not make this skill; nothing was kept of it. After ${tries.length} tries the last problem was:\n${problem ?? 'unknown'}`;
  }
}
