import { formatAge } from '../format-age.ts';
import { formatBytes } from '../format-bytes.ts';
import { few } from './few-lines.ts';
import { describeFinding } from './finding.ts';
import { isModelCheck } from './host-contacts.ts';
import type { HostContact, NightReport, Waiting } from './report.ts';
import type { NightRun } from './run.ts';

/** What waits for the owner, with how to decide it. */
export function waitingLines({ waiting = [], writtenAt }: NightReport, now: number): string[] {
  return few(waiting.map((one) => waitingLine(one, { writtenAt, now })));
}

function waitingLine(
  { text, since, until, fix }: Waiting,
  { writtenAt, now }: { writtenAt: number; now: number },
): string {
  const left = until === undefined ? '' : until <= now ? ', is over now' : `, ${formatAge(until - now)} left`;
  return `${text} (for ${formatAge(Math.max(now, writtenAt) - since)}${left}): ${fix}`;
}

/** What the look at the health found, and phases that failed or what they noted. */
export function attention({ phases }: NightRun): string[] {
  const findings = phases.flatMap(({ outcome }) => outcome?.findings ?? []).map(describeFinding);
  const failed = phases.flatMap(({ phase, state, error }) =>
    state === 'failed' ? [`phase ${phase} failed: ${error?.message ?? 'the reason is not known'}`] : [],
  );
  const notes = phases.flatMap(({ phase, outcome }) => (phase === 'health' ? [] : (outcome?.notes ?? [])));
  const health = phases.find(({ phase }) => phase === 'health');
  const isUnseen = health?.state === 'skipped' || health?.state === 'cut-short';
  const unseen = isUnseen ? ['there was no time to look at the health of Talos'] : [];
  return few([...failed, ...findings, ...notes, ...unseen]);
}

/** Messages and skills that failed. */
export function failureLines({ failures, run: { revision } }: NightReport): string[] {
  const { messages = {}, isWhole = true, strikes = [] } = failures ?? {};
  const total = Object.values(messages).reduce((sum, count) => sum + count, 0);
  const codes = Object.entries(messages).map(([code, count]) => `${count} ${code}`);
  const atLeast = isWhole ? '' : 'at least ';
  const unseen = 'none of the messages that were looked at, but there were more than could be';
  return few([
    ...(total === 0 && !isWhole ? [unseen] : []),
    ...(total > 0 ? [`${atLeast}${total} ${total === 1 ? 'message' : 'messages'} failed: ${codes.join(', ')}`] : []),
    ...strikes.map(({ skill, count, isSecurity, verdicts }) => {
      const kind = isSecurity ? ', a breach of its sandbox among them' : '';
      return `skill ${skill}: ${count} ${count === 1 ? 'strike' : 'strikes'} (${verdicts.join(', ')})${kind}`;
    }),
    ...(revision === undefined || revision.state === 'none' ? [] : [revisionLine(revision)]),
  ]);
}

function revisionLine({ skill = 'unknown', note }: NonNullable<NightRun['revision']>): string {
  return `skill ${skill} had failed: ${note}`;
}

/** Which hosts were reached, by whom and with what. */
export function contactLines({ contacts = [], areContactsWhole = true }: NightReport): string[] {
  const uncounted = areContactsWhole ? [] : ['more than could be counted; the oldest calls are only in the audit log'];
  return few([...uncounted, ...contacts.map(contactLine)]);
}

function contactLine({ host, by, calls, refused, bytes, kinds, names }: HostContact): string {
  const times = `${host}: ${calls} ${calls === 1 ? 'call' : 'calls'}`;
  if (isModelCheck(kinds)) return `${times} with nothing but names of models (${names.join(', ')})`;
  const who = {
    cloud: 'messages by',
    engine: 'models of yours there:',
    skill: 'skill',
    model: 'pull of',
    owner: 'you, for',
  }[by];
  const what = kinds.length === 0 ? '' : ` of ${kinds.join(', ')}`;
  const size = bytes === undefined ? '' : `, ${formatBytes(bytes)}${what}`;
  const denied = refused === 0 ? '' : `, ${refused} refused before anything was sent`;
  return `${times}${size}${denied} (${who} ${names.join(', ') || 'a skill to look at'})`;
}
