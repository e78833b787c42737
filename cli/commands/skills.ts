import type { Command } from 'commander';

import type { CliDeps } from '../command.ts';
import type { ChatInput } from './chat.ts';
import { addRunsCommand } from './runs.ts';
import { addSkillApprove } from './skills/approve.ts';
import { addSkillDecisions } from './skills/decide.ts';
import { addSkillDiff } from './skills/diff.ts';
import { addSkillDraft } from './skills/draft.ts';
import { addSkillEval } from './skills/eval.ts';
import { addSkillExport } from './skills/export.ts';
import { addSkillList } from './skills/list.ts';
import { addSkillNew } from './skills/new.ts';
import { addSkillRun } from './skills/run.ts';
import { addSkillSchedules } from './skills/schedule.ts';
import { addSkillShow } from './skills/show.ts';
import { addSkillSubmit } from './skills/submit.ts';
import { addSkillTest } from './skills/test.ts';
import { addSkillVerify } from './skills/verify.ts';

/** `talos skills`: everything the owner does with skills, one verb each. */
export function addSkillsCommand(program: Command, deps: CliDeps, input: ChatInput = process.stdin): void {
  const skills = program.command('skills').description('make, test, approve and run skills');
  addSkillNew(skills, deps);
  addSkillDraft(skills, deps);
  addSkillTest(skills, deps);
  addSkillSubmit(skills, deps);
  addSkillList(skills, deps);
  addSkillShow(skills, deps);
  addSkillDiff(skills, deps);
  addSkillApprove(skills, deps, input);
  addSkillDecisions(skills, deps);
  addSkillRun(skills, deps, input);
  addRunsCommand(skills, deps);
  addSkillSchedules(skills, deps, input);
  addSkillEval(skills, deps);
  addSkillVerify(skills, deps);
  addSkillExport(skills, deps);
}
