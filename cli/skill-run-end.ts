import { setTimeout as pause } from 'node:timers/promises';

import { TalosError } from '../domain/errors.ts';
import { runId, type SkillRunRecord, type SkillRunRef } from '../domain/skills/run.ts';
import { askAgain } from './ask-again.ts';
import { plainText } from './plain-text.ts';
import type { SkillsClient } from './skills-client.ts';

/** How soon the end of a long run is noticed. */
const lookMs = 500;

type Start = {
  readonly client: SkillsClient;
  readonly ref: SkillRunRef;
  readonly signal: AbortSignal;
  readonly begin: () => Promise<SkillRunRecord>;
};

/** Starts a run and waits until it has ended, however. Fails when it was not accepted, or when the wait was given up. */
export async function runToEnd({ client, ref, signal, begin }: Start): Promise<SkillRunRecord> {
  let record = await begin().catch(async (thrown: unknown) => {
    const kept = await client.record(ref).catch(() => undefined); // there is none when it was refused
    if (kept === undefined || kept.state === 'pending') throw signal.aborted ? givenUp(ref) : thrown;
    return kept;
  });
  while (record.state === 'pending') {
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // the next line tells why
    if (signal.aborted) throw givenUp(ref);
    record = await askAgain(() => client.record(ref), { signal });
  }
  return record;
}

/** The error a run ended with; undefined for one that went well. */
export function runFailure(record: SkillRunRecord): TalosError | undefined {
  if (record.state === 'ok') return undefined;
  const { code, message } = record.result?.error ?? {
    code: 'RUN_STOPPED',
    message: 'It was stopped before it had ended.',
  };
  return new TalosError(code, `Run ${record.key}: ${plainText(message)}`);
}

function givenUp(ref: SkillRunRef): TalosError {
  return new TalosError(
    'RUN_STOPPED',
    `Nobody waits for run ${runId(ref)} any more; it goes on: talos skills runs show ${ref.skill} ${ref.key}`,
  );
}
