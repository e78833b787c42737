import type { OpenApproval } from '../approval/code.ts';
import type { AwaitedCloud } from '../routing/departure.ts';
import type { SkillLife } from '../skills/life.ts';
import type { AwaitedCall } from '../skills/steps.ts';
import type { Waiting } from './report.ts';

/** Everything that may wait for the owner. `proposed` holds the hashes of versions the agent wrote by itself. */
export type WaitingThings = {
  readonly lives: readonly SkillLife[];
  readonly proposed: ReadonlySet<string>;
  readonly calls: readonly AwaitedCall[];
  readonly clouds: readonly AwaitedCloud[];
  readonly approvals: readonly OpenApproval[];
};

const mostWaiting = 200;

/** What waits for the owner, longest first. */
export function whatWaits({ lives, proposed, calls, clouds, approvals }: WaitingThings): Waiting[] {
  const all = [
    ...lives.flatMap((life) => skillWaits(life, proposed)),
    ...calls.map(callWaits),
    ...clouds.map(cloudWaits),
    ...approvals.map(approvalWaits),
  ];
  return all
    .toSorted((a, b) => a.since - b.since)
    .slice(0, mostWaiting)
    .map((waiting) => ({ ...waiting, text: waiting.text.slice(0, 300).toWellFormed() }));
}

function skillWaits({ id, active, candidate }: SkillLife, proposed: ReadonlySet<string>): Waiting[] {
  if (candidate?.state !== 'awaiting-approval') return [];
  const { version, hash, changedAt } = candidate;
  const before = active === undefined ? '' : ` in place of ${active.version}`;
  const writer = proposed.has(hash) ? ', a revision Talos wrote at night,' : '';
  const text = `skill ${id} ${version}${writer} has passed quarantine and asks to be used${before}`;
  return [{ kind: 'skill', text, since: changedAt, fix: `talos skills approve ${id}` }];
}

function callWaits({ skill, asksFor, askedAt, until }: AwaitedCall): Waiting {
  return {
    kind: 'call',
    text: `skill ${skill} asks: ${asksFor.join(', ')}`,
    since: askedAt,
    until,
    fix: 'talos approvals ls',
  };
}

function cloudWaits({ message, host, askedAt, until }: AwaitedCloud): Waiting {
  const text = `message ${message} asks for leave to go to ${host}`;
  return { kind: 'cloud', text, since: askedAt, until, fix: 'talos approvals ls' };
}

function approvalWaits({ action, subject, issuedAt, expiresAt }: OpenApproval): Waiting {
  const text = `a code for ${action} ${subject} is out`;
  return { kind: 'approval', text, since: issuedAt, until: expiresAt, fix: 'talos codes' };
}
