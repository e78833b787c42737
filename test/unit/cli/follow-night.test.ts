import { describe, expect, it } from 'vitest';

import type { DreamClient } from '../../../cli/dream-client.ts';
import { followNight } from '../../../cli/follow-night.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { NightView } from '../../../domain/night/run.ts';

const night = (state: NightView['state']): NightView => ({
  id: 'now-a',
  trigger: 'owner',
  dueAt: 0,
  state,
  isCutShort: false,
  phases: [],
});

/** A connection for each list: its states come, then it ends or breaks. */
function clientOf(...connections: (readonly (NightView['state'] | TalosError)[])[]) {
  let made = 0;
  const unused = () => Promise.reject(new Error('nobody asks for that'));
  const client: DreamClient = {
    list: unused,
    start: unused,
    show: unused,
    async *events() {
      for (const step of connections[made++] ?? []) {
        if (step instanceof TalosError) throw step;
        yield night(step);
      }
    },
  };
  return { client, made: () => made };
}

const never = new AbortController().signal;
const follow = (client: DreamClient, signal: AbortSignal = never, onChange: (night: NightView) => void = () => {}) =>
  followNight({ client, id: 'now-a', signal, onChange, pauseMs: 1 });

describe('a dream cycle that is followed', () => {
  it('is shown at each change, to its end', async () => {
    const seen: string[] = [];
    const end = await follow(clientOf(['running', 'running', 'failed']).client, never, ({ state }) => seen.push(state));
    expect(seen).toEqual(['running', 'running', 'failed']);
    expect(end?.state).toBe('failed');
  });

  it('is followed on after the connection broke or ended, as after a restart', async () => {
    const broken = new TalosError('NOT_RUNNING', 'the connection broke');
    const { client, made } = clientOf(['running', broken], [broken], ['running'], ['ran']);
    expect((await follow(client))?.state).toBe('ran');
    expect(made()).toBe(4);
  });

  it('is told at once to be unknown', async () => {
    const { client, made } = clientOf([new TalosError('NOT_FOUND', 'there is none')]);
    await expect(follow(client)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(made()).toBe(1);
  });

  it('is left to itself by Ctrl-C', async () => {
    const stop = new AbortController();
    const end = await follow(clientOf(['running', 'running'], ['ran']).client, stop.signal, () => stop.abort());
    expect(end).toBeUndefined();
  });

  it('is given up when Talos does not come back', async () => {
    await expect(follow(clientOf().client)).rejects.toMatchObject({ code: 'NOT_RUNNING' });
  });
});
