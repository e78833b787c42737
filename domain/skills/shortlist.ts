import { bm25Scores } from '../retrieval/bm25.ts';
import type { OfferedSkill } from './offer.ts';

/** What stands for a skill where texts are compared. */
export function skillText({ manifest }: Pick<OfferedSkill, 'manifest'>): string {
  return `${manifest.id.replaceAll('-', ' ')}: ${manifest.description}`;
}

/** Skills in the order in which they fit a message: as the vectors say, the rest by the words they share with it. */
export function rankSkills(
  skills: readonly OfferedSkill[],
  { message, nearest }: { message: string; nearest: readonly string[] },
): OfferedSkill[] {
  const scores = bm25Scores(message, skills.map(skillText));
  const rank = (skill: OfferedSkill) => {
    const place = nearest.indexOf(skill.manifest.id);
    return place < 0 ? nearest.length : place;
  };
  return skills
    .map((skill, index) => ({ skill, score: scores[index] ?? 0 }))
    .toSorted((a, b) => rank(a.skill) - rank(b.skill) || b.score - a.score)
    .map(({ skill }) => skill);
}
