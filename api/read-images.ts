import type { ImageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { mostImageBytes } from '../domain/images/limits.ts';
import type { ImageStore } from '../domain/images/ports.ts';
import { readImage, tooLarge } from '../domain/images/read-image.ts';
import { problemOfPixels } from './unpacked-pixels.ts';

/** What may stand before the base64 of a picture. What it says of the picture is not believed. */
const dataUrl = /^data:[\w.+/-]{0,100};base64,/;

type Picture = { readonly type: ImageRef['type']; readonly bytes: Uint8Array };

/** Keeps the pictures of a request. Fails with IMAGE_INVALID, and then none was kept. */
export async function keepImages(store: ImageStore, given: readonly string[]): Promise<ImageRef[]> {
  const pictures: Picture[] = [];
  for (const [place, text] of given.entries()) pictures.push(await readPicture(text, `images.${place}`));
  const refs: ImageRef[] = [];
  for (const picture of pictures) refs.push(await store.put(picture));
  return refs;
}

async function readPicture(text: string, field: string): Promise<Picture> {
  const begin = dataUrl.exec(text.slice(0, 128))?.[0].length ?? 0;
  const size = Math.floor(((text.length - begin) * 3) / 4);
  if (size > mostImageBytes + 2) throw invalid(field, tooLarge(size).problem);
  const bytes = decodeBase64(begin === 0 ? text : text.slice(begin));
  if (bytes === undefined) throw invalid(field, 'it is no base64');
  const reading = readImage(bytes);
  if (!reading.ok) throw invalid(field, reading.problem);
  const problem = reading.type === 'image/png' ? await problemOfPixels(bytes) : undefined;
  if (problem !== undefined) throw invalid(field, problem);
  return { type: reading.type, bytes };
}

/** Decoding skips what is no base64, so what was skipped shows in the length. */
function decodeBase64(text: string): Buffer | undefined {
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  const bytes = Buffer.from(text, 'base64');
  return digits > 0 && digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

function invalid(field: string, problem: string): TalosError {
  return new TalosError('IMAGE_INVALID', `${field}: ${problem}.`, { details: { field } });
}
