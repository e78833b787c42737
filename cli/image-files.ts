import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { mostImages } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { mostImageBytes } from '../domain/images/limits.ts';
import { readImage, tooLarge } from '../domain/images/read-image.ts';

/** The pictures of files as base64, checked as the API checks them. Fails with IMAGE_INVALID and the file it is about. */
export async function readImageFiles(paths: readonly string[]): Promise<string[]> {
  if (paths.length > mostImages) {
    throw new TalosError('IMAGE_INVALID', `A message may show ${mostImages} images; these are ${paths.length}.`);
  }
  const images: string[] = [];
  for (const path of paths) images.push(await readPicture(path));
  return images;
}

async function readPicture(path: string): Promise<string> {
  const bytes = await readSmallFile(path);
  const reading = readImage(bytes);
  if (reading.ok) return bytes.toString('base64');
  throw invalid(path, reading.problem);
}

async function readSmallFile(path: string): Promise<Buffer> {
  // Without waiting: a pipe opens only once somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw invalid(path, `it cannot be read (${codeOf(cause)})`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalid(path, 'it is no file');
    if (stat.size > mostImageBytes) throw invalid(path, tooLarge(stat.size).problem);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function invalid(path: string, problem: string): TalosError {
  return new TalosError('IMAGE_INVALID', `${path}: ${problem}.`);
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
}
