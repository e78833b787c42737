import { afterEach, beforeEach, expect, it } from 'vitest';

import { addApprovalsCommand } from '../../../../cli/commands/approvals.ts';
import { formatTime } from '../../../../cli/format-time.ts';
import type { AwaitedCloud } from '../../../../domain/routing/departure.ts';
import type { AwaitedCall } from '../../../../domain/skills/steps.ts';
import { createHome, replyJson, serveApi } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>>;
let calls: AwaitedCall[] = [];
let clouds: AwaitedCloud[] = [];

beforeEach(async () => {
  home = await createHome();
  api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { calls, clouds }));
});
afterEach(async () => {
  await api.close();
  await home.remove();
});

const call: AwaitedCall = {
  message: 'kitchen.one',
  call: '1-1',
  skill: 'weather',
  hash: 'a'.repeat(64),
  run: 'weather.k',
  asksFor: ['reach api.example.org\u001b[2J'],
  binding: 'b'.repeat(64),
  askedAt: 0,
  until: 0,
};
const run = (...words: string[]) => home.run(addApprovalsCommand, ['approvals', ...words]);

it('lists what waits, without control characters', async () => {
  calls = [call];
  const { stdout } = await run('ls');
  expect(stdout).toContain('kitchen.one 1-1  weather would reach api.example.org');
  expect(stdout).toContain(`(until ${formatTime(0)})`);
  expect(stdout).not.toContain('\u001b');
  expect(JSON.parse((await run('ls', '--json')).stdout)).toEqual([call]);
  calls = [];
  expect((await run('ls')).stderr).toContain('Nothing is waiting');
});

it('says what would leave for a cloud, and takes the decision on it', async () => {
  const departure = {
    host: 'cloud.test',
    model: 'gemini',
    kinds: ['message' as const],
    bytes: 12,
    earlier: 0,
    binding: 'b'.repeat(64),
  };
  clouds = [{ message: 'kitchen.two', reason: 'local-unavailable', ...departure, askedAt: 0, until: 0 }];
  expect((await run('ls')).stdout).toContain('kitchen.two cloud  would send this message (12 bytes to cloud.test)');
  expect(JSON.parse((await run('ls', '--json')).stdout)).toEqual(clouds);
  clouds = [];
  const asked = api.seen.length;
  await run('approve', 'kitchen.two', 'cloud');
  await run('approve', 'kitchen.two', 'cloud', '--code', '0042');
  await run('refuse', 'kitchen.two', 'cloud');
  expect(api.seen.slice(asked).map(({ path }) => path)).toEqual([
    '/chat/kitchen.two/cloud/tts-request',
    '/chat/kitchen.two/cloud/approve',
    '/chat/kitchen.two/cloud/refuse',
  ]);
});

it('sends a code first, and allows with it', async () => {
  expect((await run('approve', 'kitchen.one', '1-1')).stdout).toContain('talos codes');
  expect((await run('approve', 'kitchen.one', '1-1', '--code', '0042')).stdout).toContain('allowed');
  expect(api.seen).toMatchObject([
    { method: 'POST', path: '/chat/kitchen.one/calls/1-1/tts-request' },
    { method: 'POST', path: '/chat/kitchen.one/calls/1-1/approve', body: '{"tts_code":"0042"}' },
  ]);
});

it('prints what came of it as JSON', async () => {
  for (const words of [['approve', '--code', '0042'], ['approve'], ['refuse']]) {
    const [verb = '', ...rest] = words;
    const { stdout } = await run(verb, 'kitchen.one', '1-1', ...rest, '--json');
    expect(JSON.parse(stdout)).toEqual({ calls, clouds });
  }
});

it('refuses without a code', async () => {
  expect((await run('refuse', 'kitchen.one', '1-1')).stdout).toContain('refused');
  expect(api.seen).toMatchObject([{ path: '/chat/kitchen.one/calls/1-1/refuse' }]);
});

it('asks nothing for what is no call', async () => {
  const { code, stderr } = await run('approve', '../panic', '1-1');
  expect({ code, seen: api.seen }).toEqual({ code: 64, seen: [] });
  expect(stderr).toContain('no message id');
});
