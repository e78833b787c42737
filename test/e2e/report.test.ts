import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';

/** How a command ends that may fail. */
type Ending = { code: number; stdout: string; stderr: string };

it.each(['report', 'report --json', 'audit verify', 'panic', 'unlock'])(
  'a home where Talos was never started says how to start it: %s',
  async (words) => {
    const home = await createHome();
    try {
      await expect(home.talos(...words.split(' '))).rejects.toMatchObject({
        code: 64,
        stdout: '',
        stderr: expect.stringMatching(/never started in .*talos up/),
      });
    } finally {
      await home.remove();
    }
  },
);

describe('the morning report', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
  });
  afterAll(() => home.remove());

  async function report(...words: string[]): Promise<Ending> {
    return home.talos('report', ...words).then(
      (done) => ({ code: 0, ...done }),
      (failure: Ending) => failure,
    );
  }
  const newest = async () => JSON.parse((await report('--json')).stdout) as { id: string; sound: boolean };

  it('is there after a cycle, reads well and verifies', async () => {
    expect((await report()).stderr).toContain('There is no report yet');
    await home.chat('hello');
    await home.talos('dream', '--now', '--follow');
    const view = await untilReported(newest);
    expect(view).toMatchObject({
      sound: true,
      report: {
        run: {
          state: 'ran',
          isCutShort: false,
          phases: expect.arrayContaining([expect.objectContaining({ phase: 'health', state: 'done' })]),
        },
        contacts: [],
        failures: { messages: {}, strikes: [] },
        unknown: [],
      },
    });
    const { stdout } = await report();
    expect(stdout).toMatch(/^Morning report, .* \(just now\)/);
    expect(stdout).toContain('it did 5 of 5 phases');
    expect(stdout.split('\n').length).toBeLessThan(24);
    expect(await auditTypes()).toContain('report-signed');
  });

  it('is served as JSON and as text', async () => {
    const headers = { authorization: await home.authorization() };
    const view = (await (await fetch(`${home.url}/reports/latest`, { headers })).json()) as { id: string };
    expect(view.id).toBe((await newest()).id);
    const text = await fetch(`${home.url}/reports/${view.id}`, { headers: { ...headers, accept: 'text/plain' } });
    expect(await text.text()).toContain('Morning report');
  });

  it('is read with Talos down, and a changed one is told', async () => {
    await home.talos('down');
    const { id } = await newest();
    expect((await report()).stdout).toContain('Morning report');
    const path = join(home.dir, `data/reports/${id}.json`);
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.replace('"calls"', '"Calls"').replace('"ran"', '"failed"'));
    const changed = await report();
    expect(changed.code).toBe(70);
    expect(changed.stdout).toContain('CANNOT BE TRUSTED');
    await writeFile(path, whole);
    expect((await report()).code).toBe(0);
  });

  async function auditTypes(): Promise<string> {
    return (await home.talos('audit', 'export', '--csv')).stdout;
  }
});

/** The report is the last thing a cycle does. */
async function untilReported<T>(look: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await look();
    } catch (error) {
      if (tries >= 40) throw error;
    }
  }
}
