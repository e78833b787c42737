import type { Benefit, CleanRun } from '../domain/skills/certificate.ts';
import type { SkillVersion } from '../domain/skills/life.ts';
import { grants } from '../domain/skills/manifest-diff.ts';
import type { SkillTrouble } from '../domain/skills/trouble.ts';
import type { SkillView } from '../domain/skills/view.ts';
import { plainLine } from './plain-text.ts';

/** What is to be done stands at the end of a reason. */
const longestReason = 800;

/** What the owner has to see before a decision, in lines: hash, permissions, findings, runs, benefit. */
export function evidenceCard({ life, manifest, diff, problem, trouble }: SkillView, version: SkillVersion): string[] {
  return [
    `Skill ${life.id}, version ${plainLine(version.version)}, ${version.state}`,
    `  hash         ${version.hash}`,
    ...(manifest === undefined ? [] : [`  description  ${plainLine(manifest.description, 300)}`]),
    ...(problem === undefined ? [] : [`  PROBLEM      ${plainLine(problem.message, longestReason)}`]),
    ...(version.reason === undefined ? [] : [`  reason       ${plainLine(version.reason, longestReason)}`]),
    ...(manifest === undefined ? [] : listed('may', grants(manifest.permissions), 'only compute')),
    ...(diff?.from === undefined ? [] : listed('changes', diff.manifest, 'only code')),
    ...listed('findings', version.findings, 'none'),
    ...listed('clean runs', version.runs.map(describeRun), 'none yet'),
    ...listed(
      'strikes',
      version.strikes.map(({ verdict, runId }) => `${verdict} (run ${runId})`),
      'none',
    ),
    `  benefit      ${describeBenefit(version.benefit)}`,
    ...(trouble === undefined || version.state !== 'active' ? [] : [`  TROUBLE      ${describeTrouble(trouble)}`]),
  ];
}

function listed(label: string, items: readonly string[], none: string): string[] {
  const [first = none, ...more] = items.map((item) => plainLine(item, 300));
  return [`  ${label.padEnd(12)} ${first}`, ...more.map((item) => `${' '.repeat(15)}${item}`)];
}

/** One clean run on a line. */
export function describeRun({ case: name, driver, resources, egress }: CleanRun): string {
  const hosts = egress.length === 0 ? '' : `, asked ${egress.map(({ host }) => host).join(', ')}`;
  return `${name}: ok in ${Math.round(resources.wallMs)} ms (${driver}${hosts})`;
}

function describeTrouble({ runs, since, reason }: SkillTrouble): string {
  const day = new Date(since).toISOString();
  return `its last ${runs} runs failed for something outside it, the first one ${day}: ${plainLine(reason, 200)}`;
}

/** How much a version helps, in words. */
export function describeBenefit(benefit: Benefit | undefined): string {
  if (benefit === undefined) return 'not measured: there was no model to compare with, or none that was free yet';
  const { cases, withSkill, withoutSkill, model } = benefit;
  const figures = `${withSkill} of ${cases} cases right with the skill, ${withoutSkill} by ${plainLine(model)} alone`;
  if (withSkill > withoutSkill) return `${figures}: it helps`;
  return withSkill === withoutSkill ? `${figures}: NO IMPROVEMENT` : `${figures}: IT DOES WORSE`;
}
