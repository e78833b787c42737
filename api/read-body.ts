import type { IncomingMessage } from 'node:http';

import express, { type Request, type Response } from 'express';

import { TalosError } from '../domain/errors.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/json.ts';
import { isNearlyAllStrings } from './json-strings.ts';

/** Largest body taken: a message of 10,000 characters is at most 120 KB, however it is escaped. */
export const mostBytes = 256 * 1024;

/** Deepest nesting of JSON that goes on to a skill. */
const mostLevels = 64;

/** The JSON body of a request. Fails with UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or BODY_NOT_JSON. */
export async function readJsonBody(request: Request, response: Response, limit = mostBytes): Promise<unknown> {
  checkJsonType(request);
  const bytes = await readBytes(request, response, { type: 'application/json', limit });
  if (bytes.length > mostBytes && !isNearlyAllStrings(bytes)) throw tooLarge(mostBytes);
  return parseJson(bytes);
}

/** A JSON body that may hold any value, however it is nested: what is too deep to be walked, or has a key `__proto__`, is BODY_NOT_JSON. */
export async function readAnyJsonBody(request: Request, response: Response, limit = mostBytes): Promise<JsonValue> {
  checkJsonType(request);
  const bytes = await readBytes(request, response, { type: 'application/json', limit });
  const parsed = parseJsonText(decodeUtf8(bytes), mostLevels);
  if (parsed.ok) return parsed.value;
  throw new TalosError('BODY_NOT_JSON', `The body is not JSON that can be taken: ${parsed.reason}.`);
}

/** The bytes of an archive. */
export async function readArchiveBody(request: Request, response: Response, limit: number): Promise<Buffer> {
  return readBytes(request, response, { type: () => true, limit });
}

/** The JSON body of a request whatever is said of its type; undefined for none or for anything else. Never fails. */
export async function readLenientBody(request: Request, response: Response): Promise<unknown> {
  try {
    return parseJson(await readBytes(request, response, { type: () => true, limit: mostBytes }));
  } catch {
    return undefined; // who calls this acts with or without a body
  }
}

function isUtf8(request: IncomingMessage): boolean {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8';
}

function checkJsonType(request: Request): void {
  if (request.is('application/json') === 'application/json' && isUtf8(request)) return;
  throw new TalosError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as content-type: application/json, in UTF-8.');
}

type BytesOptions = { readonly type: string | (() => boolean); readonly limit: number };

function readBytes(request: Request, response: Response, { type, limit }: BytesOptions): Promise<Buffer> {
  const read = express.raw({ type, limit, inflate: false });
  return new Promise((resolve, reject) => {
    read(request, response, (error?: unknown) => {
      if (error !== undefined) return reject(bodyError(error, limit));
      const body: unknown = request.body;
      resolve(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    });
  });
}

function parseJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TalosError('BODY_NOT_JSON', 'The body is not valid JSON in UTF-8.', { cause });
  }
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TalosError('BODY_NOT_JSON', 'The body is not valid JSON in UTF-8.', { cause });
  }
}

function tooLarge(limit: number): TalosError {
  return new TalosError('BODY_TOO_LARGE', `The body is larger than ${limit} bytes; send less in one request.`);
}

/** What the body parser's errors mean; it marks them with a type. */
function bodyError(error: unknown, limit: number): unknown {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    return tooLarge(limit);
  }
  if (type === 'encoding.unsupported') {
    return new TalosError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without content-encoding.', { cause: error });
  }
  if (type === 'request.aborted' || type === 'request.size.invalid') {
    return new TalosError('BODY_NOT_JSON', 'The body ended before it was complete.', { cause: error });
  }
  return error;
}
