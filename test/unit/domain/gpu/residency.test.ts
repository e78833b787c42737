import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  advance,
  holderOf,
  idle,
  modelOf,
  type Residency,
  type ResidencyEvent,
  taskOf,
  type Wanted,
} from '../../../../domain/gpu/residency.ts';

const coder: Wanted = { model: 'coder', kind: 'coder', holder: 'kitchen.1' };
const vision: Wanted = { model: 'vision', kind: 'vision', holder: 'kitchen.2' };

const states: Record<string, Residency> = {
  idle,
  'loading-coder': { state: 'loading-coder', wanted: coder },
  'loading-vision': { state: 'loading-vision', wanted: vision },
  'ready in use': { state: 'ready', model: 'coder', holder: 'kitchen.1' },
  'ready and free': { state: 'ready', model: 'coder' },
  unloading: { state: 'unloading', models: ['coder'], wanted: vision },
  error: { state: 'error', model: 'coder', mishap: 'load-timed-out' },
};

const events: Record<string, ResidencyEvent> = {
  'wanted: the coder': { type: 'wanted', ...coder },
  'wanted: the vision model': { type: 'wanted', ...vision },
  'wanted: the coder, nothing there': { type: 'wanted', ...coder, resident: [] },
  'wanted: the coder, which is there': { type: 'wanted', ...coder, resident: ['coder'] },
  loaded: { type: 'loaded' },
  'load-failed': { type: 'load-failed' },
  'load-timed-out': { type: 'load-timed-out' },
  unloaded: { type: 'unloaded', model: 'coder' },
  'unload-failed': { type: 'unload-failed', model: 'coder' },
  used: { type: 'used' },
  lost: { type: 'lost' },
};

/** A state as it reads in a table. */
function told(state: Residency): string {
  return [state.state, modelOf(state), holderOf(state)].filter((part) => part !== undefined).join(' ');
}

/** What each event makes of a state; what is not listed changes nothing. */
const table: Record<string, Record<string, string>> = {
  idle: {
    'wanted: the coder': 'loading-coder coder kitchen.1',
    'wanted: the vision model': 'loading-vision vision kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'ready coder kitchen.1',
  },
  'loading-coder': {
    'wanted: the coder': 'unloading coder kitchen.1',
    'wanted: the vision model': 'unloading coder kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'unloading coder kitchen.1',
    loaded: 'ready coder kitchen.1',
    'load-failed': 'error coder',
    'load-timed-out': 'error coder',
    lost: 'idle',
  },
  'loading-vision': {
    'wanted: the coder': 'unloading vision kitchen.1',
    'wanted: the vision model': 'unloading vision kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'unloading coder kitchen.1',
    loaded: 'ready vision kitchen.2',
    'load-failed': 'error vision',
    'load-timed-out': 'error vision',
    lost: 'idle',
  },
  'ready in use': {
    'wanted: the vision model': 'unloading coder kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'load-failed': 'error coder',
    'load-timed-out': 'error coder',
    unloaded: 'idle',
    used: 'ready coder',
    lost: 'idle',
  },
  'ready and free': {
    'wanted: the coder': 'ready coder kitchen.1',
    'wanted: the vision model': 'unloading coder kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'ready coder kitchen.1',
    'load-failed': 'error coder',
    'load-timed-out': 'error coder',
    unloaded: 'idle',
    lost: 'idle',
  },
  unloading: {
    'wanted: the coder': 'unloading coder kitchen.1',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'unloading coder kitchen.1',
    unloaded: 'loading-vision vision kitchen.2',
    'unload-failed': 'error coder',
    lost: 'idle',
  },
  error: {
    'wanted: the coder': 'unloading coder kitchen.1',
    'wanted: the vision model': 'unloading coder kitchen.2',
    'wanted: the coder, nothing there': 'loading-coder coder kitchen.1',
    'wanted: the coder, which is there': 'unloading coder kitchen.1',
    lost: 'idle',
  },
};

describe('every event in every state', () => {
  const cells = Object.keys(states).flatMap((state) => Object.keys(events).map((event) => [state, event] as const));
  it.each(cells)('%s, %s', (state, event) => {
    const before = states[state] ?? idle;
    const after = advance(before, events[event] ?? { type: 'lost' });
    expect(told(after)).toBe(table[state]?.[event] ?? told(before));
  });
});

/** An engine with the models it holds, and what it does next: an unload works in the end, a load may fail half done. */
type Luck = 'well' | 'fails' | 'hangs' | 'crash';

const lucks = fc.array(fc.constantFrom<Luck>('well', 'well', 'fails', 'hangs', 'crash'), { maxLength: 12 });
const wishes = fc.array(fc.record({ wanted: fc.constantFrom(coder, vision), luck: lucks }), { maxLength: 12 });
const anyState = fc.constantFrom(...Object.values(states));
const anyEvent = fc.constantFrom(...Object.values(events));

describe('whatever happens', () => {
  it('never loads a model beside another one', () => {
    fc.assert(
      fc.property(wishes, (all) => {
        const held = new Set<string>();
        let state: Residency = idle;
        for (const { wanted, luck } of all) state = serve(state, { wanted, luck: [...luck], held });
      }),
    );
  });

  it('is never stuck: a wish leads to the model when the engine does as it is told', () => {
    fc.assert(
      fc.property(anyState, fc.array(anyEvent, { maxLength: 20 }), (start, happened) => {
        let state = happened.reduce(advance, start);
        state = advance(state, { type: 'wanted', ...vision });
        for (let task = taskOf(state); task !== undefined; task = taskOf(state)) {
          state = advance(state, task.type === 'load' ? { type: 'loaded' } : { type: 'unloaded', model: task.model });
        }
        expect(state).toEqual({ state: 'ready', model: 'vision', holder: 'kitchen.2' });
      }),
    );
  });

  it('frees the holder whenever a load fails or outlives its limit, or a model does not go', () => {
    fc.assert(
      fc.property(anyState, fc.array(anyEvent, { maxLength: 20 }), (start, happened) => {
        const state = happened.reduce(advance, start);
        const task = taskOf(state);
        if (task === undefined) return;
        const mishaps: ResidencyEvent[] =
          task.type === 'load'
            ? [{ type: 'load-failed' }, { type: 'load-timed-out' }]
            : [{ type: 'unload-failed', model: task.model }];
        for (const mishap of mishaps) expect(holderOf(advance(state, mishap))).toBeUndefined();
      }),
    );
  });
});

type Engine = { readonly wanted: Wanted; readonly luck: Luck[]; readonly held: Set<string> };

/** One wish served by an engine of varying luck; fails when two models meet. */
function serve(before: Residency, { wanted, luck, held }: Engine): Residency {
  const trusted = before.state === 'ready' ? {} : { resident: [...held] };
  let state = advance(before, { type: 'wanted', ...wanted, ...trusted });
  for (let task = taskOf(state); task !== undefined; task = taskOf(state)) {
    const outcome = luck.shift() ?? 'well';
    if (outcome === 'crash') {
      held.clear();
      return advance(state, { type: 'lost' });
    }
    if (task.type === 'unload') {
      if (outcome === 'well') held.delete(task.model);
      state = advance(state, { type: outcome === 'well' ? 'unloaded' : 'unload-failed', model: task.model });
      continue;
    }
    expect([...held]).toEqual([]);
    if (outcome !== 'fails') held.add(task.model); // a load that hangs may yet be there
    const mishap = outcome === 'fails' ? 'load-failed' : 'load-timed-out';
    state = advance(state, { type: outcome === 'well' ? 'loaded' : mishap });
  }
  return advance(state, { type: 'used' });
}
