import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';

type Night = {
  id: string;
  state: string;
  isCutShort: boolean;
  startedAt: number;
  endedAt: number;
  phases: { phase: string; state: string }[];
};
type NightList = { when: { hour: number; minute: number; zone: string }; next: number[]; runs: Night[] };

describe('talos dream', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await createHome({ TZ: 'Europe/Berlin', DREAM_CYCLE_HOUR: '2', DREAM_CYCLE_MINUTE: '30' });
    await home.talos('up', '--detach');
  }, 180_000);
  afterAll(() => home.remove(), 60_000);

  const list = async () => JSON.parse((await home.talos('dream', '--json')).stdout) as NightList;

  it('tells when the next one is due, by the clock of the machine', async () => {
    const { when, next } = await list();
    expect(when).toEqual({ hour: 2, minute: 30, zone: 'Europe/Berlin' });
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
    expect(clock.format(next[0])).toBe('02:30');
    expect((await home.talos('dream')).stdout).toContain('Dream cycle every day at 02:30 Europe/Berlin');
  });

  it('shows five phases while they go on, and lists the run', async () => {
    const { stdout } = await home.talos('dream', '--now', '--follow');
    const order = ['redis', 'memory', 'logs', 'zombies', 'health'].map((phase) =>
      stdout.search(new RegExp(`^${phase} +done`, 'm')),
    );
    expect(order.every((place) => place >= 0)).toBe(true);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(stdout).toMatch(/Dream cycle now-\S+ ran after [\d.]+ s\n$/);
    const [run] = (await list()).runs;
    expect(run).toMatchObject({ state: 'ran', isCutShort: false });
    expect(run?.phases.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect((await home.talos('dream')).stdout).toContain(run?.id);
  });

  it('prints the run as JSON', async () => {
    const night = JSON.parse((await home.talos('dream', '--now', '--follow', '--json')).stdout) as Night;
    expect(night).toMatchObject({ state: 'ran' });
    expect(night.phases).toHaveLength(5);
  });

  it('is refused while Talos is locked down', async () => {
    await home.talos('panic', '--reason', 'test');
    const refused = home.start('dream', '--now');
    const [code] = (await once(refused, 'exit')) as [number];
    expect(code).toBe(77);
    await home.talos('unlock', '--yes');
    expect((await home.talos('dream', '--now')).stdout).toMatch(/^Dream cycle now-\S+ begins\./);
  });

  it('goes by the new time once the settings have changed', async () => {
    home.env['DREAM_CYCLE_HOUR'] = '3';
    await home.talos('down');
    await home.talos('up', '--detach');
    await expect
      .poll(async () => (await list()).when, { timeout: 20_000 })
      .toEqual({ hour: 3, minute: 30, zone: 'Europe/Berlin' });
    const { next, runs } = await list();
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
    expect(clock.format(next[0])).toBe('03:30');
    expect(runs.length).toBeGreaterThanOrEqual(3);
  }, 120_000);

  it('has nothing to watch when none goes on', async () => {
    // The one that began before the restart may have had to go on after it.
    await expect
      .poll(async () => (await list()).runs.map(({ state }) => state), { timeout: 40_000 })
      .not.toContain('running');
    const watching = home.start('dream', '--follow');
    const [code] = (await once(watching, 'exit')) as [number];
    expect(code).toBe(64);
  });
});

describe('a dream cycle with little time, over a memory that hangs', () => {
  let home: TestHome;
  let chroma: number;
  beforeAll(async () => {
    home = await createHome({ DREAM_SOFT_CAP_SECONDS: '2', DREAM_HARD_CAP_SECONDS: '4' });
    await home.talos('up', '--detach');
    chroma = (await home.status()).children.find(({ name }) => name === 'chroma')?.pid ?? 0;
    process.kill(chroma, 'SIGSTOP');
  }, 180_000);
  afterAll(async () => {
    process.kill(chroma, 'SIGCONT');
    await home.remove();
  }, 60_000);

  it('ends within its hard cap, and its report is there', async () => {
    const cycle = home.start('dream', '--now', '--follow', '--json');
    const night = JSON.parse(await text(cycle.stdout)) as Night;
    expect(night.endedAt - night.startedAt).toBeLessThan(4000 + 5000);
    expect(night.phases.map(({ phase }) => phase)).toEqual(['redis', 'memory', 'logs', 'zombies', 'health']);
    expect(night.phases.some(({ state }) => ['cut-short', 'failed', 'skipped'].includes(state))).toBe(true);
    const newest = async () => (await home.talos('report', '--json').catch(() => ({ stdout: '{}' }))).stdout;
    await expect
      .poll(async () => JSON.parse(await newest()) as unknown, { timeout: 30_000 })
      .toMatchObject({ id: night.id });
  }, 60_000);
});
