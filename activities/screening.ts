import { TalosError } from '../domain/errors.ts';
import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import type { Verdict } from '../domain/firewall/schema.ts';
import { scanMessage } from '../domain/firewall/scan.ts';
import type { AuditLog, ConversationStore, HoldStore, LockdownStore, TextHasher } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { DraftKey } from '../domain/skills/draft.ts';
import { draftRequest } from '../domain/skills/draft-intent.ts';
import { holdRule } from '../domain/lockdown/hold.ts';
import type { Screening } from '../domain/settlement.ts';
import type { MemorySearch } from './memory-search.ts';
import type { Patience } from './patience.ts';

type Deps = {
  skillPorts?: Pick<SkillPorts, 'drafts'>;
  conversations: ConversationStore;
  lockdown: LockdownStore;
  holds: HoldStore;
  audit: AuditLog;
  hashText: TextHasher;
  search: MemorySearch;
  patience: Patience;
  now(): number;
  settings: { maxLength: number };
};

/** The first step of every message: firewall, lockdown, hold. */
export function createScreeningActivities(deps: Deps) {
  return {
    /**
     * Decides whether a message may go on. The verdict is audited before it takes effect; the text only as its hash. With
     * `isNext` memory is looked for at once: nothing but the next step comes before it.
     */
    screenMessage: (ref: MessageRef & { isNext: boolean }): Promise<Screening> => deps.patience.keep(() => screen(ref)),
  };

  async function screen(ref: MessageRef & { isNext: boolean }): Promise<Screening> {
    const record = await deps.conversations.message(ref);
    if (record === undefined) {
      throw new TalosError('NOT_FOUND', `The text of message ${messageId(ref)} is not in the store; send it again.`);
    }
    const verdict = scanMessage(record.text, { maxLength: deps.settings.maxLength });
    const [refusal] = await Promise.all([
      ownersRefusal(ref).then((refused) => {
        if (ref.isNext && refused === undefined && verdict.kind !== 'block') deps.search.begin(record);
        return refused;
      }),
      auditVerdict(record, verdict),
    ]);
    if (verdict.kind === 'block') return blocked(record, verdict);
    const isForCloud = record.options?.route === 'cloud';
    return refusal ?? { kind: 'passed', ...(await beginDraft(record)), ...(isForCloud && { route: 'cloud' }) };
  }

  /** A wish for a skill becomes a draft; screening the message again finds the same one. */
  async function beginDraft({ text, createdAt, options, ...ref }: MessageRecord): Promise<{ draft?: DraftKey }> {
    // Whoever writes skills is shown no images and works here, where a message for the cloud is not answered.
    const isPlain = options?.images === undefined && options?.route !== 'cloud';
    const request = deps.skillPorts === undefined || !isPlain ? undefined : draftRequest(text);
    if (request === undefined) return {};
    const key = deps.hashText(`draft ${messageId(ref)}`).slice(0, 32);
    await deps.skillPorts?.drafts.begin({ key, request, by: 'chat', createdAt });
    return { draft: key };
  }

  async function auditVerdict(record: MessageRecord, verdict: Verdict): Promise<void> {
    await deps.audit.append({
      type: 'firewall-verdict',
      actor: 'firewall',
      subject: messageId(record),
      details: { ...verdictFacts(verdict), textHash: deps.hashText(record.text) },
    });
  }

  async function blocked(record: MessageRecord, verdict: Extract<Verdict, { kind: 'block' }>): Promise<Screening> {
    if (verdict.severity === 'critical') await countHit(deps, record);
    const message =
      verdict.code === 'MESSAGE_TOO_LONG'
        ? `The message is longer than ${deps.settings.maxLength} characters; shorten it or send it in parts.`
        : 'The firewall took the message for an attempt to take over the assistant. Say it in other words if you meant something else.';
    return { kind: 'refused', settlement: { state: 'blocked', error: { code: verdict.code, message } } };
  }

  async function ownersRefusal({ conversation }: MessageRef): Promise<Screening | undefined> {
    const [lockdown, until] = await Promise.all([deps.lockdown.state(), deps.holds.heldUntil(conversation)]);
    if (lockdown.locked) {
      return refuse('LOCKDOWN', 'Talos is locked down; the owner lifts it on the host with `talos unlock`.');
    }
    if (until === undefined || until <= deps.now()) return undefined;
    return refuse(
      'CONVERSATION_ON_HOLD',
      `Conversation ${conversation} is on hold until ${new Date(until).toISOString()} after three critical firewall hits; the owner lifts it with \`talos unlock --conversation ${conversation}\`.`,
    );
  }
}

/** The hit that makes a hold is known by when the hold ends, also where this step is repeated. */
async function countHit(
  { holds, audit }: Pick<Deps, 'holds' | 'audit'>,
  { conversation, key, createdAt }: MessageRecord,
): Promise<void> {
  await holds.recordCriticalHit({ conversation, key }, createdAt);
  const until = await holds.heldUntil(conversation);
  if (until !== createdAt + holdRule.holdMs) return;
  await audit.appendOnce({ type: 'hold-set', actor: 'firewall', subject: conversation, details: { until } }, createdAt);
}

function refuse(code: 'LOCKDOWN' | 'CONVERSATION_ON_HOLD', message: string): Screening {
  return { kind: 'refused', settlement: { state: 'blocked', error: { code, message } } };
}

function verdictFacts(verdict: Verdict): Record<string, string> {
  return {
    verdict: verdict.kind,
    ...(verdict.kind === 'block' && { severity: verdict.severity }),
    rules: verdict.findings.map((finding) => finding.rule).join(' '),
  };
}
