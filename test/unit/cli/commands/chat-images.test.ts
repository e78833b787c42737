import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addChatCommand } from '../../../../cli/commands/chat.ts';
import { makeJpeg, makePng } from '../../../support/pictures.ts';
import { answering } from './chat-answers.ts';
import { createHome, type Handle, serveApi } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>> | undefined;

beforeEach(async () => {
  home = await createHome();
});

afterEach(async () => {
  await api?.close();
  api = undefined;
  await home.remove();
});

const serve = async (handle: Handle) => (api = await serveApi(home.socket, handle));
const chat = (words: string[], options: Parameters<typeof home.run>[2] = {}) =>
  home.run(addChatCommand, ['chat', ...words], options);

describe('images in talos chat', () => {
  it('shows them beside what is said, each once it has been looked at', async () => {
    const { seen } = await serve(answering(['A square']));
    const [png, jpeg] = [`${home.dir}/a.png`, `${home.dir}/b.jpg`];
    await writeFile(png, makePng());
    await writeFile(jpeg, makeJpeg());
    expect(await chat(['--image', png, '--image', jpeg, 'what', 'is', 'this'])).toMatchObject({ code: 0 });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      message: 'what is this',
      images: [makePng().toString('base64'), makeJpeg().toString('base64')],
    });
  });

  it.each([
    ['is not there', undefined, /no-image: it cannot be read \(ENOENT\)/],
    ['is no image', Buffer.from('hello'), /no-image: it is no PNG, JPEG or WebP/],
    ['is too large', Buffer.alloc(11 * 1024 ** 2), /no-image: it takes 11 MB; 10 MB is the most/],
  ])('sends nothing when a file %s', async (_, bytes, message) => {
    const { seen } = await serve(answering(['x']));
    const file = `${home.dir}/no-image`;
    if (bytes !== undefined) await writeFile(file, bytes);
    const { code, stderr } = await chat(['--image', file, 'look']);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(message) });
    expect(seen).toEqual([]);
  });

  it('does not wait for a pipe that was named as an image', async () => {
    await serve(answering(['x']));
    const pipe = `${home.dir}/pipe`;
    await promisify(execFile)('mkfifo', [pipe]);
    expect(await chat(['--image', pipe, 'look'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/it is no file/),
    });
  });

  it('sends nothing when there are more images than a message may show, or nothing is said', async () => {
    const { seen } = await serve(answering(['x']));
    const file = `${home.dir}/a.png`;
    await writeFile(file, makePng());
    const five = Array.from({ length: 5 }, () => ['--image', file]).flat();
    expect(await chat([...five, 'look'])).toMatchObject({ code: 64, stderr: expect.stringContaining('4 images') });
    const silent = Object.assign(Readable.from([]), { isTTY: true });
    expect(await chat(['--image', file], { input: silent })).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Say something'),
    });
    expect(seen).toEqual([]);
  });
});
