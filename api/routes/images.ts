import { z } from 'zod';

import { ImageRef } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { readImage } from '../../domain/images/read-image.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';

const Hash = ImageRef.shape.hash;
const bytes = { schema: z.string().meta({ format: 'binary' }) };

/** `GET /images/{hash}`: a picture of a message. */
export function imageRoutes({ images }: Pick<ApiDeps, 'images'>): Route[] {
  return [
    {
      method: 'get',
      path: '/images/:hash',
      operation: {
        operationId: 'getImage',
        summary: 'An image of a message, by the hash its options name',
        requestParams: { path: z.object({ hash: Hash }) },
        responses: {
          200: {
            description: 'The image',
            content: { 'image/png': bytes, 'image/jpeg': bytes, 'image/webp': bytes },
          },
          ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        const hash = parseInput(Hash, request.params['hash'], 'hash');
        const kept = await images.get(hash);
        const reading = kept === undefined ? undefined : readImage(kept);
        if (kept === undefined || reading?.ok !== true) throw new TalosError('NOT_FOUND', `There is no image ${hash}.`);
        response.set('Content-Type', reading.type).send(Buffer.from(kept.buffer, kept.byteOffset, kept.length));
      },
    },
  ];
}
