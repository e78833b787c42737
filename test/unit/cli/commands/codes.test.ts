import { afterEach, beforeEach, expect, it } from 'vitest';

import { addCodesCommand } from '../../../../cli/commands/codes.ts';
import { formatTime } from '../../../../cli/format-time.ts';
import type { DeliveredCode } from '../../../../domain/approval/code.ts';
import { createHome, replyJson, serveApi } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
beforeEach(async () => {
  home = await createHome();
});
afterEach(() => home.remove());

const code: DeliveredCode = {
  action: 'skill-promote',
  subject: 'csv-summary',
  binding: 'a'.repeat(64),
  id: 'one',
  expiresAt: 0,
  code: '0042',
};

it('shows what each code consents to, and until when', async () => {
  const codes = [code, { ...code, action: 'lockdown-unlock', code: '1234' }];
  const api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { codes }));
  const { stdout } = await home.run(addCodesCommand, ['codes']);
  await api.close();
  expect(api.seen).toMatchObject([{ method: 'GET', path: '/codes' }]);
  expect(stdout.split('\n')).toEqual([
    `0042  promote skill csv-summary, version aaaaaaaaaaaa  (until ${formatTime(0)})`,
    `1234  lift the lockdown  (until ${formatTime(0)})`,
    '',
  ]);
});

it('prints one JSON object per line for programs', async () => {
  const api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { codes: [code] }));
  const { stdout } = await home.run(addCodesCommand, ['codes', '--json']);
  await api.close();
  expect(JSON.parse(stdout)).toEqual(code);
});

it('says that no code is waiting', async () => {
  const api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { codes: [] }));
  const result = await home.run(addCodesCommand, ['codes']);
  await api.close();
  expect(result).toMatchObject({ code: 0, stdout: '', stderr: 'No code is waiting.\n' });
});

it('goes on with new codes, each once, until it is interrupted', async () => {
  const interruption = new AbortController();
  const rounds: DeliveredCode[][] = [[code], [code, { ...code, id: 'two', code: '7777' }]];
  let asked = 0;
  const api = await serveApi(home.socket, (_request, response) => {
    replyJson(response, 200, { codes: rounds[asked] ?? rounds[1] });
    asked += 1;
    if (asked === 3) interruption.abort();
  });
  const { stdout } = await home.run(addCodesCommand, ['codes', '--follow'], { interrupted: interruption.signal });
  await api.close();
  expect(stdout.match(/^\d{4}/gm)).toEqual(['0042', '7777']);
});

it('goes on when the API was started again meanwhile', async () => {
  const interruption = new AbortController();
  const { promise: hasAnswered, resolve: answered } = Promise.withResolvers<void>();
  const first = await serveApi(home.socket, (_request, response) => {
    response.once('finish', answered);
    replyJson(response, 200, { codes: [code] });
  });
  const { promise: hasBroken, resolve: breakOff } = Promise.withResolvers<void>();
  const ended = home.run(addCodesCommand, ['codes', '--follow'], {
    interrupted: interruption.signal,
    onNote: () => breakOff(),
  });
  await hasAnswered;
  await first.close();
  await hasBroken;
  const second = await serveApi(home.socket, (_request, response) => {
    replyJson(response, 200, { codes: [{ ...code, id: 'two', code: '7777' }] });
    interruption.abort();
  });
  const { code: exitCode, stdout, stderr } = await ended;
  await second.close();
  expect({ exitCode, codes: stdout.match(/^\d{4}/gm) }).toEqual({ exitCode: 0, codes: ['0042', '7777'] });
  expect(stderr).toBe('The connection broke; trying again.\n');
});

it('says that Talos is not running', async () => {
  expect(await home.run(addCodesCommand, ['codes'])).toMatchObject({ code: 69, stdout: '' });
});
