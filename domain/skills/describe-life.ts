import type { SkillLife, SkillVersion } from './life.ts';
import { CLEAN_RUNS } from './quarantine.ts';

/** Where a skill stands in one line of Markdown, for whoever looks at its workflow. */
export function describeLife({ active, candidate, past }: SkillLife): string {
  const parts = [active, candidate].filter((version) => version !== undefined).map(describeVersion);
  if (parts.length > 0) return parts.join(' · ');
  const [last] = past;
  return last === undefined ? 'nothing handed in yet' : describeVersion(last);
}

function describeVersion({ version, state, runs, strikes, reason }: SkillVersion): string {
  const progress = state === 'running' ? ` ${runs.length}/${CLEAN_RUNS}` : '';
  const struck = strikes.length === 0 ? '' : `, strikes: ${strikes.length}`;
  return `**${version} ${state}**${progress}${struck}${reason === undefined ? '' : ` (${reason})`}`;
}
