import { z } from 'zod';

import { sandboxImage } from '../../../domain/sandbox/container.ts';
import type { Upstream } from './upstream.ts';

/** The one image containers are made of, held by its id: what its name means later changes nothing. */
export type ImageList = {
  /** The id, or undefined when the image is not on this machine. */
  id(): Promise<string | undefined>;
  /** Looks the name up again; for an image that is gone. */
  forget(): void;
};

const Image = z.object({ Id: z.string().regex(/^sha256:[0-9a-f]{64}$/) });

/** Looks the image up once, when it is first needed. */
export function createImageList(upstream: Upstream): ImageList {
  let known: string | undefined;
  return {
    async id() {
      if (known !== undefined) return known;
      const reply = await upstream.call({ method: 'GET', path: `/images/${sandboxImage}/json` });
      if (reply.status === 200) known = Image.parse(reply.body).Id;
      return known;
    },
    forget() {
      known = undefined;
    },
  };
}
