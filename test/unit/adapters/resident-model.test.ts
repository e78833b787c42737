import { describe, expect, it } from 'vitest';

import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createResidentModel } from '../../../adapters/resident-model.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { GpuReport } from '../../../domain/gpu/report.ts';
import type { ModelEvent, ModelRequest } from '../../../domain/models/model.ts';
import type { LanguageModel } from '../../../domain/ports.ts';
import { collect, saying, textOf } from '../../contract/chat-suite.ts';

const hello = 'Hello from the built-in test model.';
const { signal } = new AbortController();

const outOfMemory = new TalosError('MODEL_UNAVAILABLE', 'There is not enough memory for coder.', {
  details: { reason: 'out-of-memory' },
});
const unreachable = new TalosError('MODEL_UNAVAILABLE', 'It cannot be reached.', {
  details: { reason: 'unreachable' },
});

/** What a test changes of a server with a coder, a vision model, an embedder and one that is not ours. */
type Changes = (server: LanguageModel) => Partial<LanguageModel>;

/** An answer that fails before it begins. */
async function* failing(error: TalosError): AsyncGenerator<ModelEvent> {
  yield* [];
  throw error;
}

/** A resident model over such a server, with a log of what the server was asked and of what was told of the GPU. */
function residentOver(changes: Changes = () => ({}), { loadMs = 1000 } = {}) {
  const twin = createMemoryLanguageModel({ models: ['coder', 'vision', 'talos-test-embed', 'foreign'] });
  const changed = { ...twin, ...changes(twin) };
  const asked: string[] = [];
  const reports: GpuReport[] = [];
  const clock = { now: 0 };
  const server: LanguageModel = {
    ...changed,
    chat(request, stop) {
      asked.push(`chat ${request.model}${request.onCpu === true ? ' on the processor' : ''}`);
      return changed.chat(request, stop);
    },
    load(model, stop, options) {
      asked.push(`load ${model}`);
      return changed.load(model, stop, options);
    },
    unload(model) {
      asked.push(`unload ${model}`);
      return changed.unload(model);
    },
    resident() {
      asked.push('ps');
      return changed.resident();
    },
  };
  const model = createResidentModel({
    model: server,
    loadMs,
    isOurs: (name) => name === 'coder' || name === 'vision',
    holder: () => 'kitchen.1',
    now: () => clock.now,
    publish: (report) => reports.push(report),
  });
  const say = (name: string, overrides: Partial<ModelRequest> = {}) =>
    collect(model.chat(saying('hello', { model: name, ...overrides }), signal));
  return { model, twin, asked, reports, clock, say, states: () => reports.map(({ state }) => state) };
}

describe('the model that is resident', () => {
  it('is loaded before it is first asked, and after that asked without a further request', async () => {
    const { say, asked, states } = residentOver();
    expect(textOf(await say('coder'))).toBe(hello);
    expect(asked).toEqual(['ps', 'load coder', 'chat coder']);
    await say('coder');
    expect(asked).toEqual(['ps', 'load coder', 'chat coder', 'chat coder']);
    expect(states()).toEqual(['loading-coder', 'ready', 'ready', 'ready', 'ready']);
  });

  it('is not loaded where the server holds it already', async () => {
    const { say, asked, twin } = residentOver();
    await twin.load('coder', signal);
    await say('coder');
    expect(asked).toEqual(['ps', 'chat coder']);
  });

  it('makes room first: the other chat model goes, embedder and models of others stay', async () => {
    const { say, asked, twin, states } = residentOver();
    await twin.load('talos-test-embed', signal);
    await twin.load('foreign', signal);
    await say('coder');
    const picture = { type: 'image/png', base64: 'iVBORw0KGgo=' } as const;
    await say('vision', { messages: [{ role: 'user', content: 'hello', images: [picture] }] });
    expect(asked.slice(3)).toEqual(['ps', 'unload coder', 'load vision', 'chat vision']);
    expect(states().slice(3)).toEqual(['unloading', 'loading-vision', 'ready', 'ready']);
    const names = (await twin.resident()).map(({ name }) => name);
    expect(names).toEqual(['talos-test-embed:latest', 'foreign:latest', 'vision:latest']);
  });

  it('is held by whoever asks, and by nobody after', async () => {
    const { say, reports } = residentOver();
    await say('coder');
    expect(reports.map(({ holder }) => holder)).toEqual(['kitchen.1', 'kitchen.1', undefined]);
  });

  it('is asked about again when the server may have put it away', async () => {
    const { say, asked, clock } = residentOver();
    await say('coder');
    clock.now += 9.5 * 60_000;
    await say('coder');
    expect(asked.slice(3)).toEqual(['ps', 'chat coder']);
  });

  it('is asked about again after a failure, for what ps says counts', async () => {
    let failures = 1;
    const { say, asked } = residentOver((twin) => ({
      async *chat(request, stop) {
        if (failures-- > 0) throw unreachable;
        yield* twin.chat(request, stop);
      },
      resident: async () => [],
    }));
    await expect(say('coder')).rejects.toBe(unreachable);
    expect(textOf(await say('coder'))).toBe(hello);
    expect(asked).toEqual(['ps', 'load coder', 'chat coder', 'ps', 'load coder', 'chat coder']);
  });

  it('stays when the reader just leaves', async () => {
    const { model, say, asked } = residentOver();
    for await (const event of model.chat(saying('forever', { model: 'coder' }), signal)) {
      if (event.type === 'text-delta') break;
    }
    await say('coder');
    expect(asked).toEqual(['ps', 'load coder', 'chat coder', 'chat coder']);
  });
});

describe('a load that goes wrong', () => {
  it.each([
    ['fails', () => Promise.reject(outOfMemory), 'load-failed', outOfMemory.message],
    ['hangs', () => new Promise<never>(() => {}), 'load-timed-out', 'It was not loaded within 0.03 s.'],
  ] as const)(
    'and %s frees the GPU, unloads, and lets the processor answer with a notice',
    async (...[, load, reason, why]) => {
      const { say, asked, reports } = residentOver(() => ({ load }), { loadMs: 30 });
      const events = await say('coder');
      expect(textOf(events)).toBe(hello);
      expect(events.at(-1)).toMatchObject({
        type: 'finish',
        notice: `The GPU could not take coder, so it answered on the processor, which is slower. ${why}`,
      });
      expect(asked).toEqual(['ps', 'load coder', 'unload coder', 'chat coder on the processor']);
      expect(reports.at(-1)).toEqual({ state: 'error', model: 'coder', since: 0, reason });
    },
  );

  it('leaves nothing behind: the next message is answered, on the GPU once it has had its rest', async () => {
    let failures = 1;
    const { say, asked, clock, reports } = residentOver((twin) => ({
      load: (name, stop, options) => (failures-- > 0 ? Promise.reject(outOfMemory) : twin.load(name, stop, options)),
    }));
    await say('coder');
    expect(textOf(await say('coder'))).toBe(hello);
    expect(asked.splice(0)).toEqual([
      'ps',
      'load coder',
      'unload coder',
      'chat coder on the processor',
      'chat coder on the processor',
    ]);
    clock.now += 61_000;
    const events = await say('coder');
    expect(events.at(-1)).not.toHaveProperty('notice');
    expect(asked).toEqual(['ps', 'unload coder', 'load coder', 'chat coder']);
    expect(reports.at(-1)).toEqual({ state: 'ready', model: 'coder', since: clock.now });
  });

  it('does not keep the other model from being loaded', async () => {
    const { say, asked } = residentOver((twin) => ({
      load: (name, stop) => (name === 'coder' ? Promise.reject(outOfMemory) : twin.load(name, stop)),
    }));
    await say('coder');
    await say('vision');
    expect(asked.slice(4)).toEqual(['ps', 'unload coder', 'load vision', 'chat vision']);
  });

  it('is tried on the processor once, and fails for good when that fails, too', async () => {
    const { say, asked } = residentOver(() => ({
      load: () => Promise.reject(outOfMemory),
      chat: () => failing(outOfMemory),
    }));
    await expect(say('coder')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { final: true } });
    expect(asked).toEqual(['ps', 'load coder', 'unload coder', 'chat coder on the processor']);
  });

  it('is no matter for the processor when the engine is away or has no such model', async () => {
    const missing = new TalosError('MODEL_MISSING', 'It is not installed.');
    for (const failure of [unreachable, missing]) {
      const { say, asked, states } = residentOver(() => ({ load: () => Promise.reject(failure) }));
      await expect(say('coder')).rejects.toBe(failure);
      expect(asked).toEqual(['ps', 'load coder']);
      expect(states()).toEqual(['loading-coder', 'idle']);
    }
  });

  it('may turn out at the first use', async () => {
    const { say, asked, reports } = residentOver((twin) => ({
      async *chat(request, stop) {
        if (request.onCpu !== true) throw outOfMemory;
        yield* twin.chat(request, stop);
      },
    }));
    expect(textOf(await say('coder'))).toBe(hello);
    expect(asked).toEqual(['ps', 'load coder', 'chat coder', 'unload coder', 'chat coder on the processor']);
    expect(reports.at(-1)).toMatchObject({ state: 'error', reason: 'load-failed' });
  });

  it('ends with whoever stops waiting for it', async () => {
    const controller = new AbortController();
    const { model, states, say } = residentOver((twin) => {
      let loads = 0;
      return {
        load: (name, stop) => ((loads += 1) === 1 ? new Promise<never>(() => {}) : twin.load(name, stop)),
      };
    });
    const waiting = collect(model.chat(saying('hello', { model: 'coder' }), controller.signal));
    const reason = new Error('stopped by its reader');
    setImmediate(() => controller.abort(reason));
    await expect(waiting).rejects.toBe(reason);
    expect(states()).toEqual(['loading-coder', 'idle']);
    expect(textOf(await say('coder'))).toBe(hello);
  });
});

describe('a model that does not go', () => {
  it('frees its holder, and the next message finds its way', async () => {
    let failures = 1;
    const { say, states } = residentOver((twin) => ({
      unload: (name) => (failures-- > 0 ? Promise.reject(unreachable) : twin.unload(name)),
    }));
    await say('coder');
    await expect(say('vision')).rejects.toBe(unreachable);
    expect(states().at(-1)).toBe('error');
    expect(textOf(await say('vision'))).toBe(hello);
    expect(states().at(-1)).toBe('ready');
  });

  it('because it was deleted is no hindrance', async () => {
    const { say, asked } = residentOver(() => ({
      unload: () => Promise.reject(new TalosError('MODEL_MISSING', 'It is not installed.')),
    }));
    await say('coder');
    expect(textOf(await say('vision'))).toBe(hello);
    expect(asked.slice(3)).toEqual(['ps', 'unload coder', 'load vision', 'chat vision']);
  });
});
