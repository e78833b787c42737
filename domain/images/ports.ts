import type { ImageRef } from '../chat.ts';

/** Pictures of messages, by the hash of their bytes. Fails with DISK_FULL or STORE_UNAVAILABLE; what was put survives a crash. */
export interface ImageStore {
  /** Keeps a picture; the same one again is kept once. */
  put(image: Pick<ImageRef, 'type'> & { readonly bytes: Uint8Array }): Promise<ImageRef>;
  /** The bytes; undefined where there is no such picture, or where it is not what was put. */
  get(hash: ImageRef['hash']): Promise<Uint8Array | undefined>;
}
