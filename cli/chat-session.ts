import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

import {
  type ChatReply,
  type ChatRequest,
  ConversationId,
  type MessageId,
  messageId,
  type StreamEvent,
} from '../domain/chat.ts';
import type { Route } from '../domain/routing/route.ts';
import { isErrorCode, TalosError } from '../domain/errors.ts';
import type { ApiClient } from './client.ts';
import type { Output } from './command.ts';
import { followMessage } from './follow-message.ts';
import { plainText } from './plain-text.ts';
import { replyFooter } from './reply-footer.ts';
import { stepLine } from './step-line.ts';

/** What a chat on the command line needs. */
export type ChatSession = {
  readonly client: ApiClient;
  readonly output: Output;
  readonly conversation: ConversationId;
  /** Nothing is printed while the answer comes; the caller prints the reply. */
  readonly isQuiet: boolean;
  /** Whether facts about the answer are told even where no person watches. */
  readonly isVerbose: boolean;
  /** Where every message must be answered; left out, Talos decides. */
  readonly route?: Route;
};

/** After so long without a word whoever waits is told what may take it. */
const quietMs = 30_000;
const quietNote =
  'No word yet: the message may wait for its turn, or the model loads, reads a long prompt or thinks. Ctrl-C stops it.';

/** Sends one message and prints its answer as it comes; aborting the signal stops the answer. Resolves when the message has ended. */
export async function sendMessage(
  session: ChatSession,
  said: Pick<ChatRequest, 'message' | 'images'>,
  signal: AbortSignal,
): Promise<ChatReply> {
  const { client, output, conversation, route } = session;
  const ref = { conversation, key: randomUUID() };
  const id = messageId(ref);
  const giveUp = new AbortController();
  const stop = (): void => {
    client.stop(id).catch(() => giveUp.abort()); // who cannot be asked to stop is not waited for
  };
  if (signal.aborted) throw new TalosError('MESSAGE_STOPPED', 'The message was not sent.');
  signal.addEventListener('abort', stop, { once: true });
  const onBreak = (): void => output.note('The connection broke; trying again.');
  const printer = createPrinter(session, id);
  try {
    const events = followMessage(client, {
      request: { ...said, conversation, ...(route && { route }) },
      ref,
      onBreak,
      signal: giveUp.signal,
    });
    for await (const event of events) printer.print(event);
  } finally {
    signal.removeEventListener('abort', stop);
    printer.end();
  }
  const reply = await client.reply(id);
  printer.finish(reply);
  return reply;
}

/** The error of a message that has no whole answer; undefined for an answered one. */
export function failureOf(reply: ChatReply): TalosError | undefined {
  if (reply.state === 'answered') return undefined;
  if (reply.state === 'stopped') return new TalosError('MESSAGE_STOPPED', `Message ${reply.id} was stopped.`);
  const code = reply.error?.code;
  const kind = isErrorCode(code) ? code : reply.state === 'blocked' ? 'FIREWALL_BLOCKED' : 'INTERNAL';
  return new TalosError(kind, reply.error?.message ?? `Message ${reply.id} ended as ${reply.state}.`);
}

/** Prints the text of an answer and the skills on its way; an attempt that begins anew starts on a line of its own. */
function createPrinter({ output, isQuiet, isVerbose }: ChatSession, id: MessageId) {
  let shown = '';
  let isAfterStep = false;
  const quiet = isQuiet ? undefined : setTimeout(() => output.note(quietNote), quietMs).unref();
  const write = (text: string): void => {
    if (isQuiet || text === '') return;
    clearTimeout(quiet);
    shown += text;
    output.write(output.isTerminal ? plainText(text) : text);
  };
  const end = (): void => {
    clearTimeout(quiet);
    if (shown !== '' && !shown.endsWith('\n')) write('\n');
  };
  return {
    end,
    print(event: StreamEvent): void {
      if (event.type === 'text-delta') write(event.text);
      if (isQuiet) return;
      const step = stepLine(id, event);
      if (step !== undefined) {
        end();
        output.note(step);
        isAfterStep = true;
      }
      if (event.type !== 'attempt-start' || event.attempt === 1) return;
      const wasShown = shown !== '';
      end();
      shown = '';
      if (!isAfterStep && wasShown) output.note(`The answer starts again (attempt ${event.attempt}).`);
      isAfterStep = false;
    },
    finish(reply: ChatReply): void {
      const { response, notice } = reply;
      if (shown === '') write(response ?? '');
      end();
      if (notice !== undefined) output.note(plainText(notice));
      const footer = replyFooter(reply);
      if (footer === undefined || isQuiet) return;
      if (output.isTerminal) output.aside(footer);
      else if (isVerbose) output.note(footer);
    },
  };
}

/** The conversation the last `chat` of this home used, or undefined. */
export async function readConversation(path: string): Promise<ConversationId | undefined> {
  const text = await readFile(path, 'utf8').catch(() => ''); // no file is no conversation yet
  return ConversationId.safeParse(text.trim()).data;
}

/** Keeps the conversation for the next `chat`. */
export async function keepConversation(path: string, conversation: ConversationId): Promise<void> {
  await writeFile(path, `${conversation}\n`, { mode: 0o600 });
}

/** A conversation nobody has used. */
export function newConversation(): ConversationId {
  return `cli-${randomUUID()}`;
}
