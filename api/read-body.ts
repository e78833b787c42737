import type { IncomingMessage } from 'node:http';

import express, { type Request, type Response } from 'express';

import { TalosError } from '../domain/errors.ts';

/** Largest body taken: a message of 10,000 characters is at most 120 KB, however it is escaped. */
const mostBytes = 256 * 1024;

const readJsonBytes = express.raw({ type: 'application/json', limit: mostBytes, inflate: false });
const readAnyBytes = express.raw({ type: () => true, limit: mostBytes, inflate: false });

/** The JSON body of a request. Fails with UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or BODY_NOT_JSON. */
export async function readJsonBody(request: Request, response: Response): Promise<unknown> {
  if (request.is('application/json') !== 'application/json' || !isUtf8(request)) {
    throw new TalosError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as content-type: application/json, in UTF-8.');
  }
  return parseJson(await readBytes(readJsonBytes, request, response));
}

/** The JSON body of a request whatever is said of its type; undefined for none or for anything else. Never fails. */
export async function readLenientBody(request: Request, response: Response): Promise<unknown> {
  try {
    return parseJson(await readBytes(readAnyBytes, request, response));
  } catch {
    return undefined; // who calls this acts with or without a body
  }
}

function isUtf8(request: IncomingMessage): boolean {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8';
}

function readBytes(read: ReturnType<typeof express.raw>, request: Request, response: Response): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(request, response, (error?: unknown) => {
      if (error !== undefined) return reject(bodyError(error));
      const body: unknown = request.body;
      resolve(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    });
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TalosError('BODY_NOT_JSON', 'The body is not valid JSON in UTF-8.', { cause });
  }
}

/** What the body parser's errors mean; it marks them with a type. */
function bodyError(error: unknown): unknown {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    return new TalosError('BODY_TOO_LARGE', `The body is larger than ${mostBytes} bytes; send less in one request.`);
  }
  if (type === 'encoding.unsupported') {
    return new TalosError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without content-encoding.', { cause: error });
  }
  if (type === 'request.aborted' || type === 'request.size.invalid') {
    return new TalosError('BODY_NOT_JSON', 'The body ended before it was complete.', { cause: error });
  }
  return error;
}
