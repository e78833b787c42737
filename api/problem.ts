import type { ServerResponse } from 'node:http';

import { z } from 'zod';

import { MessageId } from '../domain/chat.ts';
import { errorCatalogue, TalosError } from '../domain/errors.ts';

/** What is wrong with one field of a request. */
const FieldProblem = z.strictObject({ field: z.string(), problem: z.string() });
type FieldProblem = z.infer<typeof FieldProblem>;

/** How every failure is told over HTTP (RFC 9457). Branch on `code`. */
export const Problem = z
  .strictObject({
    type: z.string().meta({ example: 'urn:talos:error:NOT_FOUND' }),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'One of the stable error codes', example: 'NOT_FOUND' }),
    detail: z.string().meta({ description: 'What happened and what to do' }),
    instance: z.string().meta({ description: 'The path that was asked for' }),
    errors: z.array(FieldProblem).optional().meta({ description: 'The fields that are wrong' }),
    fix: z.string().optional().meta({ description: 'The command that mends it' }),
    id: MessageId.optional().meta({
      description: 'The message that ended this way, or that is kept: look at it, or send it again with its key',
    }),
    run: z.string().optional().meta({
      description: 'The run of a skill that ended this way, or that is kept and could not be started',
      example: 'csv-summary.k1',
    }),
    draft: z.string().optional().meta({ description: 'The draft of a skill that is kept and could not be started' }),
    response: z.string().nullable().optional().meta({ description: 'The text that had come before a message ended' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** Media type of a problem. */
export const problemType = 'application/problem+json';

const mostFields = 20;
const longestField = 64;

/** What a client may know of an error. Of one inside Talos it learns nothing but the code. */
export function toProblem(error: TalosError, instance: string): Problem {
  const { httpStatus: status, title } = errorCatalogue[error.code];
  const errors = fieldProblems(error);
  const { fix, messageId, runId, draft } = error.details;
  return {
    type: `urn:talos:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail:
      error.code === 'INTERNAL'
        ? 'Something went wrong inside Talos; the log has the cause under the id in X-Correlation-Id.'
        : error.message,
    instance,
    ...(errors.length > 0 && { errors }),
    ...(typeof fix === 'string' && { fix }),
    ...(typeof messageId === 'string' && { id: messageId }),
    ...(typeof runId === 'string' && { run: runId }),
    ...(typeof draft === 'string' && { draft }),
  };
}

/** Answers with a problem and the headers its code asks for. */
export function sendProblem(response: ServerResponse, error: TalosError, instance: string): void {
  const { retryAfterSeconds, allow } = error.details;
  if (typeof retryAfterSeconds === 'number') response.setHeader('Retry-After', String(retryAfterSeconds));
  if (typeof allow === 'string') response.setHeader('Allow', allow);
  if (error.code === 'SHUTTING_DOWN') response.setHeader('Connection', 'close');
  writeProblem(response, toProblem(error, instance));
}

/** Writes a problem as the whole answer. */
export function writeProblem(response: ServerResponse, problem: Problem): void {
  const body = Buffer.from(JSON.stringify(problem));
  response.statusCode = problem.status;
  response.setHeader('Content-Type', problemType);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** Checks a part of a request; fails with VALIDATION_FAILED and all that is wrong with it. `part` names it where no field does. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, part: string): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [first, ...more] = describeIssues(result.error, part);
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw new TalosError('VALIDATION_FAILED', `${first?.field ?? part}: ${first?.problem ?? 'is not valid'}${others}.`, {
    cause: result.error,
    details: { field: part },
  });
}

function fieldProblems({ code, cause, details, message }: TalosError): FieldProblem[] {
  const { field } = details;
  if (typeof field !== 'string' || (code !== 'IMAGE_INVALID' && code !== 'VALIDATION_FAILED')) return [];
  return cause instanceof z.ZodError ? describeIssues(cause, field) : [{ field, problem: message }];
}

function describeIssues(error: z.ZodError, part: string): FieldProblem[] {
  return error.issues
    .flatMap((issue) => {
      const path = issue.path.map(String);
      if (issue.code !== 'unrecognized_keys') return [{ path, problem: issue.message }];
      return issue.keys.map((key) => ({ path: [...path, key], problem: 'there is no such field' }));
    })
    .slice(0, mostFields)
    .map(({ path, problem }) => ({ field: path.join('.').slice(0, longestField).toWellFormed() || part, problem }));
}
