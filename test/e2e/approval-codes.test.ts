import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';

type Round = { readonly code: string; readonly replies: readonly string[] };

describe('a lockdown lifted from afar', () => {
  let home: TestHome;
  const rounds: Round[] = [];
  let audit = '';

  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
    for (const reason of ['first', 'second', 'third']) rounds.push(await liftOnce(reason));
    audit = (await home.talos('audit', 'export', '--csv')).stdout;
    await home.talos('down');
  });
  afterAll(() => home.remove());

  async function post(path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const response = await fetch(`${home.url}${path}`, {
      method: 'POST',
      headers: { authorization: await home.authorization(), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: JSON.stringify([...response.headers]) + (await response.text()) };
  }

  async function liftOnce(reason: string): Promise<Round> {
    await home.talos('panic', '--reason', reason);
    const asked = await post('/panic/unlock/code');
    const { code } = JSON.parse((await home.talos('codes', '--json')).stdout) as { code: string };
    const refused = await post('/panic/unlock', { code: code === '0000' ? '0001' : '0000' });
    const lifted = await post('/panic/unlock', { code });
    const again = await home.talos('codes');
    expect([asked.status, refused.status, lifted.status, again.stdout]).toEqual([202, 403, 200, '']);
    expect((await home.chat('hello')).status).toBe(200);
    return { code, replies: [asked, refused, lifted].map(({ text }) => text) };
  }

  /** Meets a code that leaks in every round; among other digits one may be met by chance. */
  const leaks = (textOf: (round: number) => string): boolean =>
    rounds.every(({ code }, round) => new RegExp(`(?<![0-9A-Za-z.-])${code}(?![0-9A-Za-z-])`).test(textOf(round)));

  it('is recorded with who asked and what was accepted', () => {
    for (const type of ['approval-requested', 'approval-refused', 'approval-accepted', 'lockdown-lifted']) {
      expect(audit.split(type).length - 1, type).toBeGreaterThanOrEqual(3);
    }
  });

  it('could be found if it leaked', () => {
    expect(leaks((round) => `{"x":"${rounds[round]?.code}"}`)).toBe(true);
    expect(leaks((round) => `code ${rounds[round]?.code}\n`)).toBe(true);
  });

  it('leaves the code in no reply', () => {
    for (const reply of [0, 1, 2])
      expect(
        leaks((round) => rounds[round]?.replies[reply] ?? ''),
        `${reply}`,
      ).toBe(false);
  });

  it('leaves the code in no file: logs, audit log, Redis, workflow histories', async () => {
    const files = await readdir(home.dir, { recursive: true, withFileTypes: true });
    const seen: string[] = [];
    for (const file of files.filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      const text = await readFile(path, 'latin1');
      seen.push(path);
      expect(
        leaks(() => text),
        path,
      ).toBe(false);
    }
    for (const part of ['logs/tier1/', 'logs/tier2/', 'data/redis/', 'data/temporal/']) {
      expect(
        seen.some((path) => path.includes(part)),
        part,
      ).toBe(true);
    }
  });
});
