import type { ImageRef } from '../chat.ts';
import { isJpeg, readJpeg } from './jpeg.ts';
import { longestSide, mostImageBytes, mostPixels, mostStretch, shortestSide } from './limits.ts';
import { isPng, readPng } from './png.ts';
import type { Shape } from './shape.ts';
import { isWebp, readWebp } from './webp.ts';

/** What bytes are: a picture that may be shown to a model, or why not. */
export type ImageReading =
  | { readonly ok: true; readonly type: ImageRef['type'] }
  | { readonly ok: false; readonly problem: string };

/** Reads the kind of a picture from its own bytes, whatever is said of them, and checks that it is whole and of a size models take. */
export function readImage(bytes: Uint8Array): ImageReading {
  if (bytes.length > mostImageBytes) return tooLarge(bytes.length);
  const type = typeOf(bytes);
  if (type === undefined) return bad('it is no PNG, JPEG or WebP');
  const problem = problemOf(readers[type](bytes));
  return problem === undefined ? { ok: true, type } : bad(problem);
}

/** What is said of a picture with too many bytes. */
export function tooLarge(bytes: number): ImageReading & { ok: false } {
  return bad(`it takes ${megabytes(bytes)} MB; ${megabytes(mostImageBytes)} MB is the most`);
}

const readers: Readonly<Record<ImageRef['type'], (bytes: Uint8Array) => Shape>> = {
  'image/png': readPng,
  'image/jpeg': readJpeg,
  'image/webp': readWebp,
};

function typeOf(bytes: Uint8Array): ImageRef['type'] | undefined {
  if (isPng(bytes)) return 'image/png';
  if (isJpeg(bytes)) return 'image/jpeg';
  return isWebp(bytes) ? 'image/webp' : undefined;
}

function problemOf(shape: Shape): string | undefined {
  if ('problem' in shape) return shape.problem;
  const { width, height } = shape;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const size = `it is ${width} x ${height} pixels`;
  if (short < shortestSide) return `${size}; each side must have at least ${shortestSide}`;
  if (long > longestSide) return `${size}; no side may have more than ${longestSide}`;
  if (width * height > mostPixels) return `${size}; ${mostPixels / 1_000_000} million are the most`;
  return long > short * mostStretch ? `${size}, which is too long and narrow` : undefined;
}

function bad(problem: string): ImageReading & { ok: false } {
  return { ok: false, problem };
}

function megabytes(bytes: number): number {
  return Math.ceil((bytes / 1024 ** 2) * 10) / 10;
}
