import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addDreamCommand } from '../../../../cli/commands/dream.ts';
import type { NightRun } from '../../../../domain/night/run.ts';
import { quietRun } from '../../../support/night-reports.ts';
import { createHome, replyJson, serveApi } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let close: () => Promise<void> = async () => undefined;
beforeEach(async () => {
  home = await createHome();
});
afterEach(async () => {
  await close();
  close = async () => undefined;
  await home.remove();
});

const dream = (words: readonly string[], interrupted?: AbortSignal) =>
  home.run(addDreamCommand, ['dream', ...words], interrupted === undefined ? {} : { interrupted });

/** An API with one run; it goes on until it is followed, and then comes to this end, if to any. */
async function serve(end: NightRun | undefined) {
  const running = quietRun({ state: 'running', phases: [] });
  const served = await serveApi(home.socket, ({ path }, response) => {
    if (!path.endsWith('/events')) {
      const when = { hour: 4, minute: 0, zone: 'UTC' };
      return replyJson(response, 200, { when, paused: false, next: [], runs: [running] });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: night\ndata: ${JSON.stringify(end ?? running)}\n\n`);
    if (end !== undefined) response.end();
  });
  close = () => served.close();
}

describe('talos dream --follow', () => {
  it.each<[string, Partial<NightRun>, number]>([
    ['did all it should', {}, 0],
    ['was cut short', { isCutShort: true }, 75],
    ['failed', { state: 'failed', reason: 'phase-failed' }, 75],
    ['was skipped', { state: 'skipped', reason: 'lockdown', phases: [] }, 75],
  ])('ends by whether the run did all it should: one that %s', async (_what, changes, expected) => {
    const end = quietRun(changes);
    await serve(end);
    const { code, stdout } = await dream(['--follow']);
    expect(stdout).toContain(`Dream cycle ${end.id} ${end.state}`);
    expect(code).toBe(expected);
    const json = await dream(['--follow', '--json']);
    expect(JSON.parse(json.stdout)).toEqual(end);
    expect(json.code).toBe(expected);
  });

  it('says that the run goes on when only the watching was ended', async () => {
    await serve(undefined);
    const { code, stderr, stdout } = await dream(['--follow', '--json'], AbortSignal.timeout(300));
    expect(code).toBe(75);
    expect(stderr).toContain('goes on. To watch it again: talos dream --follow');
    expect(stdout).toBe('');
  });

  it.each([[['--follow']], [['--now']], [['--json']], [[]]])(
    'says how to start Talos when it is down: %j',
    async (words) => {
      const { code, stdout, stderr } = await dream(words);
      expect(stderr).toContain('NOT_RUNNING: Talos is not running; start it with: ./talos up');
      expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    },
  );
});
