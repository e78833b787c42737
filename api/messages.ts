import { type Awaited, messageId, type MessageKey, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import type { NewMessage } from '../domain/ports.ts';
import { TalosError, toTalosError } from '../domain/errors.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'conversations' | 'tokens' | 'runtime' | 'awaitedCalls' | 'awaitedClouds' | 'logger' | 'now'>;

/** What the API does with messages. */
export function createMessages(deps: Deps) {
  const { conversations, tokens, runtime, awaitedCalls, awaitedClouds, now } = deps;

  return {
    /**
     * Accepts a message and starts its workflow. The same key again is the same message: `ended` is its record if it was over
     * already. Fails with IDEMPOTENCY_CONFLICT; after any other failure the same key may be sent again.
     */
    async submit(message: Omit<NewMessage, 'createdAt'>): Promise<{ ended?: MessageRecord }> {
      const place = await conversations.accept({ ...message, createdAt: now() });
      if (place.kind === 'conflict') {
        throw new TalosError(
          'IDEMPOTENCY_CONFLICT',
          `Message ${messageId(message)} exists with another text or other options; use a new Idempotency-Key for a new message.`,
        );
      }
      if (place.kind === 'existing' && place.record.state !== 'pending') return { ended: place.record };
      const seq = place.kind === 'existing' ? place.record.seq : place.seq;
      await start(deps, { ...message, seq }, place.after).catch(nameMessage(message));
      return {};
    },

    /** The record as it is now. With Temporal away a pending message is simply pending. */
    current: (ref: MessageRef): Promise<MessageRecord> => current(deps, ref),

    /** What of a message waits for the owner; only with a pending one does anything. */
    async awaiting({ state, ...ref }: MessageRecord): Promise<Awaited> {
      if (state !== 'pending') return { calls: [] };
      const id = messageId(ref);
      const [calls, clouds] = await Promise.all([awaitedCalls.list(), awaitedClouds.list()]);
      return {
        calls: calls.filter(({ message }) => message === id),
        cloud: clouds.find(({ message }) => message === id),
      };
    },

    /** Resolves when the message is over, or with the signal. */
    async ended(ref: MessageRef, signal: AbortSignal): Promise<void> {
      for await (const { event } of tokens.follow(ref, { signal })) if (event.type === 'done') return;
    },

    /** Asks the message to stop; one that no workflow has is stopped here. Returns the record as it is then. */
    async stop(ref: MessageRef): Promise<MessageRecord> {
      const record = await conversations.message(ref);
      if (record === undefined) throw unknownMessage(ref);
      if (record.state !== 'pending' || (await runtime.stopMessage(ref))) return record;
      const error = { code: 'MESSAGE_STOPPED', message: 'The message was stopped before it was answered.' };
      await conversations.settle(ref, { state: 'stopped', error }, now());
      return (await conversations.message(ref)) ?? record;
    },
  };
}

export type Messages = ReturnType<typeof createMessages>;

async function current(deps: Deps, ref: MessageRef): Promise<MessageRecord> {
  const record = await deps.conversations.message(ref);
  if (record === undefined) throw unknownMessage(ref);
  if (record.state !== 'pending') return record;
  try {
    return await revive(deps, record);
  } catch (thrown) {
    deps.logger.debug({ correlationId: messageId(ref), code: toTalosError(thrown).code }, 'workflow not looked up');
    return record;
  }
}

/**
 * Starts the workflow of an accepted message, or finds it running. No text goes along. The message before it is looked after, too: one
 * that never started and that nobody asks for would hold up all that come after it.
 */
async function start(
  deps: Deps,
  { conversation, key, seq, text }: Pick<MessageRecord, 'conversation' | 'key' | 'seq' | 'text'>,
  after: MessageKey | undefined,
): Promise<void> {
  const { runtime } = deps;
  // Nobody waits for that, and the message after this one tries again.
  if (after !== undefined) void current(deps, { conversation, key: after }).catch(() => undefined);
  const summary = `message ${seq} of ${conversation}, ${countCharacters(text)} characters`;
  await runtime.startMessage({ conversation, key, summary, ...(after !== undefined && { after }) });
}

/**
 * A pending message whose workflow is gone would stay pending for ever: one that never started is started now, one whose
 * workflow was ended from outside (terminated by hand) is settled as failed.
 */
async function revive(deps: Deps, record: MessageRecord): Promise<MessageRecord> {
  const { conversations, runtime, logger, now } = deps;
  const { conversation, key, text, options, createdAt } = record;
  const run = await runtime.messageRun({ conversation, key });
  if (run === 'running') return record;
  if (run === 'unknown') {
    const place = await conversations.accept({ conversation, key, text, createdAt, ...(options && { options }) });
    await start(deps, record, place.kind === 'conflict' ? undefined : place.after);
    return record;
  }
  const message = 'The workflow of the message was ended before it had settled it.';
  const outcome = { state: 'failed', error: { code: 'INTERNAL', message } } as const;
  const isFirst = await conversations.settle({ conversation, key }, outcome, now());
  if (isFirst) logger.error({ correlationId: messageId(record) }, 'message settled whose workflow had ended');
  return (await conversations.message({ conversation, key })) ?? record;
}

/** The message is kept already: who hears of a failure after that may ask for it later, or send it again with its key. */
export function nameMessage(ref: MessageRef): (thrown: unknown) => never {
  return (thrown) => {
    const { code, message, details, cause } = toTalosError(thrown);
    throw new TalosError(code, message, { cause, details: { ...details, messageId: messageId(ref) } });
  };
}

function unknownMessage(ref: MessageRef): TalosError {
  return new TalosError('NOT_FOUND', `There is no message ${messageId(ref)}.`);
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}
