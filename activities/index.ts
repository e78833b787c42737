import { activityInfo } from '@temporalio/activity';

import type { ModelPorts } from '../domain/models/store.ts';
import type { NightPorts } from '../domain/night/ports.ts';
import type { Ports } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { createCloudActivities } from './cloud.ts';
import { createLockdownActivities } from './lockdown.ts';
import { createMemoryActivities } from './memory.ts';
import { createMemoryRoom } from './memory-room.ts';
import { createMemorySearch } from './memory-search.ts';
import { createModelActivities } from './model.ts';
import { createModelPullActivities } from './model-pull.ts';
import type { ModelSettings } from './model-settings.ts';
import { createNightActivities } from './night.ts';
import { createPatience } from './patience.ts';
import { createScreeningActivities } from './screening.ts';
import { createSettlingActivities } from './settling.ts';
import { createSkillBenefitActivities } from './skill-benefit.ts';
import { createSkillDraftActivities } from './skill-draft.ts';
import { createSkillLifeActivities } from './skill-life.ts';
import type { SkillDeps } from './skill-parts.ts';
import { createSkillRevisionActivities } from './skill-revision.ts';
import { createSkillRunActivities } from './skill-run.ts';
import { createSkillStepActivities } from './skill-steps.ts';
import { createSkillTools } from './skill-tools.ts';
import { createSkillScheduleActivities } from './skill-schedule.ts';

/** What activities need besides the ports; everything not deterministic is an argument. */
export type ActivityDeps = Ports & {
  /** Absent where this process serves no skills. */
  readonly skillPorts?: SkillPorts;
  readonly modelPorts: ModelPorts;
  /** Absent where this process serves no nightly maintenance. */
  readonly nightPorts?: NightPorts;
  readonly settings: ModelSettings &
    SkillDeps['settings'] & {
      readonly maxLength: number;
      readonly memoryItems: number;
      /** Most vectors there may be. */
      readonly maxVectors: number;
      /** How long the owner may take to consent to a call of a skill. */
      readonly consentSeconds: number;
    };
  now(): number;
  /** An unguessable word, new at every call. */
  newMarker(): string;
};

/** Every activity of Talos, by name. */
export function createActivities(given: ActivityDeps) {
  const patience = createPatience({ now: () => given.now(), step: currentStep });
  const search = createMemorySearch(given);
  const room = createMemoryRoom(given);
  const deps = { ...given, patience, search, room, skillTools: createSkillTools({ ...given, search, room }) };
  return {
    ...createScreeningActivities(deps),
    ...createMemoryActivities(deps),
    ...createModelActivities(deps),
    ...createModelPullActivities(deps),
    ...createCloudActivities(deps),
    ...createSettlingActivities(deps),
    ...createLockdownActivities(deps),
    ...createSkillLifeActivities(deps),
    ...createSkillRunActivities(deps),
    ...createSkillBenefitActivities(deps),
    ...createSkillStepActivities(deps),
    ...createSkillDraftActivities(deps),
    ...createSkillScheduleActivities(deps),
    ...createNightActivities(deps),
    ...createSkillRevisionActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;

/** The activities of each task queue. What holds the GPU is alone on its queue, and so is what starts sandboxes. */
export function activitiesOf(role: WorkerRole, activities: Activities): Partial<Activities> {
  const { generateReply, answerCases, writeDraft, writeRevision, ...others } = activities;
  const { runSkill, runCases, tryDraft, tryRevision, ...core } = others;
  const byRole = {
    core,
    gpu: { generateReply, answerCases, writeDraft, writeRevision },
    sandbox: { runSkill, runCases, tryDraft, tryRevision },
  } satisfies Record<WorkerRole, Partial<Activities>>;
  return byRole[role];
}

function currentStep() {
  const { workflowExecution, activityId, attempt } = activityInfo();
  return { id: `${workflowExecution?.workflowId}/${activityId}`, attempt };
}
