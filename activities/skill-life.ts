import type { AuditEvent } from '../domain/audit/entry.ts';
import { TalosError } from '../domain/errors.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { shelfOf, unborn, type VersionChange } from '../domain/skills/change.ts';
import type { SkillLife, SkillVersion } from '../domain/skills/life.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { CLEAN_RUNS } from '../domain/skills/quarantine.ts';
import { distinctCases } from '../domain/skills/test-plan.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

/** One version of a skill. */
export type VersionRef = { readonly id: SkillId; readonly hash: BundleHash };

/** Findings on a version, as many and as long as an approval can show. */
const mostFindings = 100;
const longestFinding = 300;

type Publication = { readonly life: SkillLife; readonly changes: readonly VersionChange[]; readonly by: string };

type Certification = {
  readonly id: SkillId;
  readonly version: SkillVersion;
  readonly approver: string;
  readonly approval: string;
  readonly override?: string;
  readonly promotedAt: number;
};

/** Steps in the life of a skill. */
export function createSkillLifeActivities(deps: SkillDeps) {
  return {
    /** The life as the catalogue knows it, or the beginning of one. */
    async recallSkillLife(id: SkillId): Promise<SkillLife> {
      return (await skillParts(deps).catalog.get(id)) ?? unborn(id);
    },

    /** Does nothing: what an order goes through so that it is kept before it is carried out. */
    async takeOrder(): Promise<void> {},

    /** Looks at a version before quarantine. Fails with NOT_FOUND, SKILL_CHANGED, or SKILL_INVALID when three runs cannot be made of its cases. */
    async inspectSkill({ id, hash }: VersionRef): Promise<{ version: string; findings: string[] }> {
      const parts = skillParts(deps);
      const bundle = await parts.skills.load(id, hash);
      checkCases(parts, bundle);
      const findings = parts.skillRules.scanBundle(bundle).map((finding) => finding.slice(0, longestFinding));
      return { version: bundle.manifest.version, findings: findings.slice(0, mostFindings) };
    },

    /** Audits what changed, puts versions on their shelves and the life into the catalogue. Repeating it changes nothing. */
    async publishSkillLife({ life, changes, by }: Publication): Promise<void> {
      const { skills, catalog } = skillParts(deps);
      const before = await catalog.announce({ id: life.id, changes: life.changes, at: deps.now() });
      for (const change of changes) {
        for (const event of auditEvents(life, change, by)) await record(event, before);
        await place(skills, life.id, change);
      }
      await catalog.put(life);
    },

    /** Checks the code once more and signs the certificate. Fails with SKILL_CHANGED, and then nothing is promoted. */
    async certifySkill({ id, version, override, ...consent }: Certification): Promise<void> {
      const { skills, skillRules } = skillParts(deps);
      const { hash, runs, findings, benefit } = version;
      const { manifest } = await skills.load(id, hash);
      await skills.saveCertificate(
        skillRules.signCertificate({
          v: 1,
          bundle: hash,
          manifest,
          evidence: { runs, findings, ...(benefit && { benefit }) },
          ...consent,
          ...(override !== undefined && { override }),
        }),
      );
    },

    /** What decides whether a revision may replace the active version by itself. */
    async assessRevision(order: { id: SkillId; active: BundleHash; candidate: BundleHash }) {
      const { skills, skillRules } = skillParts(deps);
      const [before, after] = await Promise.all([
        skills.load(order.id, order.active),
        skills.load(order.id, order.candidate),
      ]);
      // by its limits as well; the histories have it under this name
      const permissionsGrew = skillRules.asksForMore(before.manifest, after.manifest);
      return { trustLevel: deps.settings.trustLevel, permissionsGrew };
    },
  };

  /** An attempt before this one may have come as far as the audit. */
  async function record(event: AuditEvent, before: number | undefined): Promise<void> {
    if (before === undefined) await deps.audit.append(event);
    else await deps.audit.appendOnce(event, before);
  }

  /** Where the folder is gone or changed there is nothing to move: loading it is refused anyway, and the life must go on. */
  async function place(skills: SkillPorts['skills'], id: SkillId, { hash, to }: VersionChange): Promise<void> {
    try {
      await skills.place(id, hash, shelfOf(to));
    } catch (thrown) {
      if (!(thrown instanceof TalosError) || !['NOT_FOUND', 'SKILL_CHANGED'].includes(thrown.code)) throw thrown;
      deps.logger.warn({ skill: id, hash, code: thrown.code }, 'the files of a version could not be moved');
    }
  }
}

function checkCases({ skillRules }: SkillPorts, bundle: SkillBundle): void {
  const { id } = bundle.manifest;
  if (distinctCases(bundle.cases, skillRules.hashJson).length < CLEAN_RUNS) {
    throw new TalosError(
      'SKILL_INVALID',
      `Skill ${id} needs ${CLEAN_RUNS} cases with different inputs in evals/evals.json; add some, then submit it again.`,
      { details: { field: 'evals' } },
    );
  }
  for (const { id: name, input } of bundle.cases) {
    const judgement = skillRules.checkInput(bundle, input);
    if (judgement.pass) continue;
    throw new TalosError(
      'SKILL_INVALID',
      `The input of case ${name} does not fit the input schema of skill ${id}: ${judgement.reason}`,
      { details: { field: `evals.${name}.input` } },
    );
  }
}

function auditEvents({ id, changes }: SkillLife, change: VersionChange, by: string): AuditEvent[] {
  const { hash, from, to, runs, strikes, endedBy, struck } = change;
  const details = { hash, change: changes };
  const state = { ...details, from: from ?? 'new', to, runs, strikes, ...(endedBy && { endedBy }) };
  return [
    ...(from === undefined ? [{ type: 'skill-submitted', actor: by, subject: id, details } as const] : []),
    ...(struck ? [{ type: 'skill-strike', actor: by, subject: id, details: { ...details, strikes } } as const] : []),
    ...(struck && from === to
      ? []
      : [{ type: 'skill-state-changed', actor: by, subject: id, details: state } as const]),
  ];
}
