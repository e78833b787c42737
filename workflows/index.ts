export { lockdown } from './lockdown.ts';
export { message } from './message.ts';
export { nightRevision } from './night-revision.ts';
export { skillEval } from './skill-eval.ts';
export { skillDraft } from './skill-draft.ts';
export { skillLife } from './skill-life.ts';
export { skillRun } from './skill-run.ts';
export { skillRunDue } from './skill-run-due.ts';
