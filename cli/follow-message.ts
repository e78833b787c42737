import { setTimeout as sleep } from 'node:timers/promises';

import { type ChatRequest, messageId, type MessageRef, type StreamEvent } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { ApiClient } from './client.ts';
import { maxAttempts, mayComeBack } from './may-come-back.ts';

type Following = {
  readonly request: ChatRequest;
  readonly ref: MessageRef;
  /** Told once per break, before the connection is made again. */
  readonly onBreak: () => void;
  /** Gives up instead of connecting again. */
  readonly signal: AbortSignal;
  /** Pause between two attempts to connect; a server that is started again needs a few seconds. */
  readonly pauseMs?: number;
};

/** How far a message was followed: the last event seen, and what broke the connection since. */
type Place = { lastId: string; broken: TalosError | undefined };

/** Sends a message and follows it until `done`, connecting again where the stream broke. */
export async function* followMessage(client: ApiClient, following: Following): AsyncGenerator<StreamEvent> {
  const { onBreak, signal, pauseMs = 500 } = following;
  const place: Place = { lastId: '', broken: undefined };
  for (let breaks = 0; breaks <= maxAttempts && !signal.aborted; breaks += 1) {
    const before = place.lastId;
    if (yield* followOnce(client, following, place)) return;
    if (place.lastId !== before) breaks = 0;
    if (signal.aborted) break;
    if (breaks === 0) onBreak();
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the loop then ends by the signal
  }
  if (signal.aborted || place.broken === undefined)
    throw new TalosError('MESSAGE_STOPPED', 'The message was given up.');
  throw place.broken;
}

/** Follows until `done` (true) or until the connection breaks (false). */
async function* followOnce(
  client: ApiClient,
  { request, ref, signal }: Following,
  place: Place,
): AsyncGenerator<StreamEvent, boolean> {
  const { lastId } = place;
  const source =
    lastId === ''
      ? client.send({ ...request, key: ref.key }, signal)
      : client.resume({ id: messageId(ref), lastId }, signal);
  try {
    for await (const { id, event } of source) {
      if (id !== '') place.lastId = id;
      yield event;
      if (event.type === 'done') return true;
    }
    place.broken = new TalosError('NOT_RUNNING', 'The connection to Talos ended early; look at: ./talos status');
  } catch (error) {
    if (signal.aborted) return false;
    if (!mayComeBack(error) || !wasThere(error, place)) throw error;
    place.broken = error;
  }
  return false;
}

/** A Talos that was there may come back; one that is not there from the first, or that answers with an error, is told at once. */
function wasThere({ details }: TalosError, { lastId, broken }: Place): boolean {
  // Whoever sends the message again has to do it by its key, for the Talos that has gone may have taken it.
  return lastId !== '' || broken !== undefined || details['wasConnected'] === true;
}
