import { deflateSync } from 'node:zlib';

import { afterEach, describe, expect, test } from 'vitest';

import type { MessageRecord } from '../../../domain/chat.ts';
import { makeJpeg, makePng, makeWebp } from '../../support/pictures.ts';
import { startApi, type TestApi, untilStopped } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const png = makePng();
const bomb = deflateSync(Buffer.alloc(8 * 1024 ** 2));
const base64 = (bytes: Buffer) => bytes.toString('base64');
const say = (body: Record<string, unknown>, key = 'k1') =>
  api.ask('/chat', {
    body: { message: 'what is this?', conversation: 'kitchen', ...body },
    headers: { 'idempotency-key': key },
  });
const kept = async (key = 'k1'): Promise<MessageRecord | undefined> =>
  api.chat.conversations.message({ conversation: 'kitchen', key });

/** A picture of so many bytes. */
const weighing = (bytes: number) => base64(Buffer.concat([makeJpeg(), Buffer.alloc(bytes - makeJpeg().length)]));

describe('images of a message', () => {
  test('are kept by their hash, and named by the message', async () => {
    api = await startApi();
    const images = [base64(png), `data:image/gif;base64,${base64(makeJpeg())}`, base64(makeWebp()).replace(/=+$/, '')];
    expect((await say({ images })).status).toBe(200);
    const options = (await kept())?.options;
    expect(options?.images?.map(({ type }) => type)).toEqual(['image/png', 'image/jpeg', 'image/webp']);
    for (const ref of options?.images ?? []) expect(await api.images.get(ref.hash)).toHaveLength(ref.bytes);
    const { body } = await api.ask('/conversations/kitchen');
    expect(body).toMatchObject({ messages: [{ options: { images: [{ type: 'image/png' }, {}, {}] } }] });
  });

  test('are part of the message: the same key with other images is a conflict', async () => {
    api = await startApi();
    await say({ images: [base64(png)] });
    expect((await say({ images: [base64(png)] })).headers['idempotent-replay']).toBe('true');
    for (const other of [{}, { images: [base64(makePng(40, 40))] }, { images: [base64(png), base64(png)] }]) {
      expect(await say(other)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    }
  });

  test.each([
    ['a text', base64(Buffer.from('hello')), /no PNG, JPEG or WebP/],
    ['nothing', '', /no base64/],
    ['no base64', '<<not base64>>', /no base64/],
    ['half a picture', base64(png.subarray(0, 40)), /ends before/],
    ['a bomb', base64(makePng(9999, 9999)), /million/],
    ['a bomb behind a small header', base64(makePng(32, 32, { packed: bomb })), /more pixels than its size says/],
    ['a PNG of broken pixels', base64(makePng(32, 32, { packed: bomb.subarray(2) })), /pixels are broken/],
    ['a picture of 10 MB and a byte', weighing(10 * 1024 ** 2 + 1), /10.1 MB/],
    ['a picture of 30 MB', weighing(30 * 1024 ** 2), /30 MB; 10 MB is the most/],
  ])('are refused by name where one is %s, and none is kept', async (_, bad, problem) => {
    api = await startApi();
    const { status, body } = await say({ images: [base64(png), bad] });
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'IMAGE_INVALID', errors: [{ field: 'images.1', problem: expect.stringMatching(problem) }] },
    });
    expect(await kept()).toBeUndefined();
  });

  test('are at most four, and a list', async () => {
    api = await startApi();
    for (const images of [Array<string>(5).fill(base64(png)), [], 'one', [7]]) {
      expect(await say({ images })).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    }
  });

  test('may be four of 10 MB each', async () => {
    api = await startApi();
    const { status } = await say({ images: Array<string>(4).fill(weighing(10 * 1024 ** 2)) });
    expect(status).toBe(200);
  });

  test('of 50 MB are not even read, nor is a text that large', async () => {
    api = await startApi();
    const huge = await say({ images: [weighing(50 * 1024 ** 2)] });
    expect(huge).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    const text = await say({ message: 'x'.repeat(300_000), images: [base64(png)] });
    expect(text).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    expect(await kept()).toBeUndefined();
  });

  test.each([
    ['brackets', '['.repeat(1_000_000)],
    ['numbers', `{"images":[${'1,'.repeat(500_000)}1]}`],
    ['short strings', `{"images":[${'"",'.repeat(500_000)}""]}`],
  ])('are no way to fill the memory with %s', async (_, body) => {
    api = await startApi();
    const answer = await api.ask('/chat', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(answer).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  test('make room for themselves on this path alone', async () => {
    api = await startApi();
    const run = await api.ask('/skills/adds/runs', { body: { input: 'x'.repeat(400_000) } });
    expect(run).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  test('are read for two at a time; more are told to come again', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    const images = [weighing(1024 ** 2)];
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => say({ images }, key)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].every((status) => status === 202 || status === 429)).toBe(true);
    for (const { status, headers } of answers) if (status === 429) expect(headers['retry-after']).toBe('2');
    expect((await say({ images }, 'g')).status).toBe(202);
  });
});

describe('GET /images/{hash}', () => {
  test('shows the owner an image, as what it is and nothing else', async () => {
    api = await startApi();
    await say({ images: [base64(png)] });
    const hash = (await kept())?.options?.images?.[0]?.hash;
    const { status, headers } = await api.ask(`/images/${hash}`);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(png.length),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });

  test('shows nobody else anything', async () => {
    api = await startApi();
    await say({ images: [base64(png)] });
    const hash = (await kept())?.options?.images?.[0]?.hash;
    expect((await api.call(`/images/${hash}`)).status).toBe(401);
  });

  test.each(['0'.repeat(64), 'x', '..%2F..%2Fetc%2Fpasswd', `${'0'.repeat(64)}.tmp`])(
    'has nothing at %s',
    async (hash) => {
      api = await startApi();
      expect((await api.ask(`/images/${hash}`)).status).toBeGreaterThanOrEqual(400);
    },
  );
});
