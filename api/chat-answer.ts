import type { Response } from 'express';

import { type Awaited, messageId, type MessageRecord, toChatReply } from '../domain/chat.ts';
import { isErrorCode, TalosError } from '../domain/errors.ts';
import { toProblem, writeProblem } from './problem.ts';

/** When a client that got 202 should ask again. */
const retryAfterSeconds = '2';

/**
 * Answers `POST /chat` with a record: 200 for an answer, 202 while pending, else the problem the message ended with, which
 * carries the text that had come.
 */
export function answerChat(response: Response, record: MessageRecord, awaiting?: Awaited): void {
  if (record.state === 'answered') return void response.json(toChatReply(record));
  if (record.state === 'pending') return answerPending(response, record, awaiting);
  const { code, message } = record.error ?? { code: 'INTERNAL', message: `The message ended as ${record.state}.` };
  const error = new TalosError(isErrorCode(code) ? code : 'INTERNAL', message);
  const problem = toProblem(error, response.req.path);
  writeProblem(response, { ...problem, detail: message, id: messageId(record), response: record.reply ?? null });
}

/** 202 with the place where the answer will be, and what it waits for. */
export function answerPending(response: Response, record: MessageRecord, awaiting?: Awaited): void {
  response
    .status(202)
    .set({ Location: `/chat/${messageId(record)}`, 'Retry-After': retryAfterSeconds })
    .json(toChatReply(record, awaiting));
}
