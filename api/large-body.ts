import type { Request, Response } from 'express';

import { mostImages } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { mostImageBytes } from '../domain/images/limits.ts';
import { mostBytes, readJsonBody } from './read-body.ts';

/** Bodies with pictures read at the same time: each takes several times its size in memory until it is read. */
const mostAtOnce = 2;

/** Room for the pictures of a message as base64, beside its text. */
const mostWithImages = mostBytes + mostImages * (Math.ceil(mostImageBytes / 3) * 4 + 128);

/** Does something with the JSON body of a request that may hold pictures. Fails as `readJsonBody`, and with TOO_MANY_REQUESTS. */
export type LargeBodies = <T>(request: Request, response: Response, use: (body: unknown) => Promise<T>) => Promise<T>;

/** Lets a few large bodies in at a time; small ones never wait. */
export function createLargeBodies(): LargeBodies {
  let reading = 0;
  return async (request, response, use) => {
    if (isSmall(request)) return use(await readJsonBody(request, response));
    if (reading >= mostAtOnce) throw busy();
    reading += 1;
    try {
      return await use(await readJsonBody(request, response, mostWithImages));
    } finally {
      reading -= 1;
    }
  };
}

/** A body that does not tell its length may be large. */
function isSmall(request: Request): boolean {
  const length = Number(request.get('content-length') ?? Number.NaN);
  return length <= mostBytes;
}

function busy(): TalosError {
  const message = 'Other messages with images are being read; send this one again in a moment.';
  return new TalosError('TOO_MANY_REQUESTS', message, { details: { retryAfterSeconds: 2 } });
}
