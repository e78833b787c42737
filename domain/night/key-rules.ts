import { parseMessageId, type MessageRef } from '../chat.ts';
import type { SkillRunRef } from '../skills/run.ts';

/**
 * What the night may do to the keys of one family in the store. `pattern` is what they are called without the prefix.
 * `kept` keys are never touched. `expiring` ones get back a time to live they have lost. `owned` ones do so, too, and go when
 * nobody needs them. Of a hash of `entries`, those go that are over.
 */
export type KeyRule = { readonly pattern: RegExp } & (
  | { readonly kind: 'kept' }
  | { readonly kind: 'expiring'; readonly staySeconds: number }
  | {
      readonly kind: 'owned';
      readonly owner: 'message' | 'run';
      readonly staySeconds: number;
      /** Whether they are of no more use once their owner has ended. */
      readonly endsWithOwner: boolean;
    }
  | { readonly kind: 'entries'; readonly end: 'by-time' | 'with-message' }
);

const day = 24 * 60 * 60;

const kept = (pattern: RegExp) => ({ kind: 'kept', pattern }) as const;
const expiring = (pattern: RegExp, staySeconds: number) => ({ kind: 'expiring', pattern, staySeconds }) as const;
const entries = (pattern: RegExp, end: 'by-time' | 'with-message') => ({ kind: 'entries', pattern, end }) as const;
const ofMessage = (pattern: RegExp, staySeconds: number) =>
  ({ kind: 'owned', pattern, owner: 'message', staySeconds, endsWithOwner: true }) as const;
const ofRun = (pattern: RegExp, staySeconds: number) =>
  ({ kind: 'owned', pattern, owner: 'run', staySeconds, endsWithOwner: false }) as const;

/**
 * The rule of every family, by its name in the list of keys. A family that is not here is left alone and reported. Lockdown, holds,
 * lives and strikes of skills, lock-outs, budget, breaker and schedules are what keeps Talos safe; conversations are the owner's.
 */
export const keyRules = {
  message: kept(/^message:/),
  conversations: kept(/^conversations$/),
  conversation: kept(/^conversation:[^:]+$/),
  messages: kept(/^conversation:[^:]+:messages$/),
  pending: kept(/^conversation:[^:]+:pending$/),
  answered: kept(/^conversation:[^:]+:answered$/),
  context: ofMessage(/^context:(?<message>[^:]+)$/, 3600),
  tokens: ofMessage(/^tokens:(?<message>[^:]+)$/, day),
  logs: kept(/^logs$/),
  lockdown: kept(/^lockdown$/),
  hits: kept(/^hits:/),
  hold: kept(/^hold:/),
  approvals: entries(/^approvals$/, 'by-time'),
  approvalGuards: kept(/^approval-guards$/),
  skillLives: kept(/^skills$/),
  skillChanges: kept(/^skills:changes$/),
  skillAnnouncements: kept(/^skills:announced$/),
  skillGround: kept(/^skills:ground$/),
  skillRuns: kept(/^skill:[^:]+:runs$/),
  failedRuns: kept(/^skill:[^:]+:failed$/),
  skillRun: kept(/^skill:[^:]+:run:[^:]+$/),
  runInput: ofRun(/^skill:(?<skill>[^:]+):run:(?<key>[^:]+):input$/, 7 * day),
  runOutput: ofRun(/^skill:(?<skill>[^:]+):run:(?<key>[^:]+):output$/, 7 * day),
  toolRounds: ofMessage(/^tool-rounds:(?<message>[^:]+)$/, 35 * day),
  awaitedCalls: entries(/^awaited-calls$/, 'with-message'),
  draft: expiring(/^draft:/, 7 * day),
  schedules: kept(/^schedules$/),
  scheduleInputs: kept(/^schedules:inputs$/),
  scheduleState: kept(/^schedule:[^:]+$/),
  dueTimes: kept(/^schedule:[^:]+:times$/),
  dueRuns: kept(/^schedule:[^:]+:runs$/),
  modelPulls: kept(/^model-pulls$/),
  modelChoice: kept(/^model-choice$/),
  gpu: kept(/^gpu$/),
  cloudBudget: kept(/^cloud:budget$/),
  cloudBreaker: kept(/^cloud:breaker$/),
  awaitedClouds: entries(/^awaited-clouds$/, 'with-message'),
  nightRuns: kept(/^night:runs$/),
  nightTimes: kept(/^night:times$/),
  nightState: kept(/^night:state$/),
} as const satisfies Record<string, KeyRule>;

const rules: readonly KeyRule[] = Object.values(keyRules);

/** The rule of a key without its prefix, undefined for what belongs to no family. */
export function ruleOf(name: string): KeyRule | undefined {
  return rules.find(({ pattern }) => pattern.test(name));
}

/** Who a key is kept for. */
export type KeyOwner = { readonly message: MessageRef } | { readonly run: SkillRunRef };

/** The owner in the name of an owned key. */
export function ownerOf({ pattern }: KeyRule, name: string): KeyOwner | undefined {
  const { message, skill, key } = pattern.exec(name)?.groups ?? {};
  if (message !== undefined) return { message: parseMessageId(message) };
  return skill === undefined || key === undefined ? undefined : { run: { skill, key } };
}

/** What is known of the owner of a key: `state` is undefined when there is none; `endedAt` is ms since 1970. */
export type OwnerFacts = { readonly state?: string | undefined; readonly endedAt?: number | undefined };

/** Readers of an ended message may still come for so long. */
const afterEndMs = 10 * 60_000;

/** What is to be done with an owned or expiring key. */
export function keyFate(
  rule: Extract<KeyRule, { kind: 'owned' | 'expiring' }>,
  { owner, hasEnd, now }: { owner?: OwnerFacts; hasEnd: boolean; now: number },
): 'delete' | 'give-end' | 'leave' {
  if (rule.kind === 'owned') {
    if (owner?.state === undefined) return 'delete';
    const isOver = owner.state !== 'pending' && now - (owner.endedAt ?? 0) >= afterEndMs;
    if (rule.endsWithOwner && isOver) return 'delete';
  }
  return hasEnd ? 'leave' : 'give-end';
}

/** Whether a key may go to make room: what somebody still works with may not. */
export function mayGoForRoom(rule: KeyRule, owner: OwnerFacts): boolean {
  return rule.kind === 'owned' && owner.state !== 'pending';
}

/** Whether an approval code, as it is kept, counts no more; what cannot be read is left alone. */
export function isApprovalOver(text: string, now: number): boolean {
  const expiresAt = Number(text.split(' ')[3]);
  return Number.isFinite(expiresAt) && expiresAt > 0 && expiresAt <= now;
}

/** The message an entry that waits for the owner belongs to; entries are named by it, with more after a slash. */
export function messageOfEntry(field: string): MessageRef | undefined {
  const [id = ''] = field.split('/');
  return /^[^.]+\.[^.]+$/.test(id) ? parseMessageId(id) : undefined;
}
