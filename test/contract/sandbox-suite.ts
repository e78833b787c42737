import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Script } from '../../adapters/memory/sandbox.ts';
import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { Sandbox, SkillPowers } from '../../domain/skills/ports.ts';
import type { SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';

/** Skills of the suite with what stands for them in a twin that runs no code. */
const skills = {
  echo: ['export default (input) => input;', (input) => input],
  logs: [
    'export default (input, ctx) => { ctx.log("seen", input); console.log("printed"); return 1; };',
    (input, { log }) => {
      log(`seen ${JSON.stringify(input)}`);
      log('printed');
      return 1;
    },
  ],
  asks: [
    'export default async (input, ctx) => Promise.all([ctx.tool("double", 2), ctx.memory.search("cats"), ctx.tool("double", 4)]);',
    async (_, { call }) => [
      await call('tool', { name: 'double', input: 2 }),
      await call('memory', { query: 'cats' }),
      await call('tool', { name: 'double', input: 4 }),
    ],
  ],
  fetches: [
    'export default async (input, ctx) => { const reply = await ctx.fetch(input); return [reply.status, await reply.json()]; };',
    async (input, { call }) => {
      const reply = (await call('fetch', { url: input })) as { status: number; body: string };
      return [reply.status, JSON.parse(reply.body)];
    },
  ],
  catches: [
    'export default async (input, ctx) => { try { await ctx.fetch("https://no.example/"); } catch (error) { return error.code; } };',
    async (_, { call }) => {
      try {
        return await call('fetch', { url: 'https://no.example/' });
      } catch (error) {
        return (error as TalosError).code;
      }
    },
  ],
  throws: [
    'export default () => { throw new TypeError("no cats here"); };',
    () => {
      throw new TypeError('no cats here');
    },
  ],
  hangs: ['export default () => new Promise(() => setInterval(Object, 1000));', () => new Promise(() => undefined)],
  swells: ['export default (length) => "x".repeat(length);', (length) => 'x'.repeat(Number(length))],
  nothing: ['export default () => undefined;', () => undefined],
  deep: [
    'export default () => { let nest = []; for (let i = 0; i < 300; i++) nest = [nest]; return nest; };',
    () => {
      let nest: unknown[] = [];
      for (let depth = 0; depth < 300; depth += 1) nest = [nest];
      return nest;
    },
  ],
} as const satisfies Record<string, readonly [string, Script]>;
type SkillName = keyof typeof skills;

/** The scripts a twin needs to pass the suite. */
export const suiteScripts: ReadonlyMap<string, Script> = new Map<string, Script>(Object.values(skills));

/** Powers that double numbers, remember one cat and know one host. */
const powers: SkillPowers = {
  async call(power, input) {
    const asked = input as { name?: string; input?: number; query?: string; url?: string };
    if (power === 'tool' && asked.name === 'double') return 2 * Number(asked.input);
    if (power === 'memory') return [`all about ${asked.query}`];
    if (power === 'fetch' && asked.url === 'https://yes.example/')
      return { status: 200, headers: {}, body: '{"cats":9}' };
    throw new TalosError('PERMISSION_DENIED', 'The manifest does not name it.');
  },
  egress: () => [],
};

/** What every sandbox does, whatever contains it. */
export function describeSandbox(name: string, create: () => Promise<Sandbox>) {
  describe(name, () => {
    let sandbox: Sandbox;
    const run = (skill: SkillName, options: Partial<SandboxRequest> & { signal?: AbortSignal } = {}) => {
      const { signal = new AbortController().signal, ...rest } = options;
      return sandbox.run({ ...requestOf(skills[skill][0]), ...rest }, powers, signal);
    };

    beforeAll(async () => {
      sandbox = await create();
    });
    afterAll(() => sandbox.close());

    it('refuses to run anything before containment is proven', async () => {
      const unproven = await create();
      await expect(unproven.run(requestOf(skills.echo[0]), powers, AbortSignal.timeout(5000))).rejects.toMatchObject({
        code: 'SANDBOX_UNAVAILABLE',
      });
      await unproven.close();
    });

    it('is proven, also when asked twice', async () => {
      const [first, second] = await Promise.all([sandbox.prove(signal()), sandbox.prove(signal())]);
      expect(first).toEqual(second);
    });

    it.each(['whole', 'first'] as const)('hands the input in and the output out, until %s', async (until) => {
      const input: JsonValue = { text: 'naïve 🦊\u2028', list: [1, -0.5, null, true, { '': [] }] };
      const report = await run('echo', { input, until });
      expect(report).toMatchObject({ verdict: 'ok', output: input });
      expect(report.resources.wallMs).toBeGreaterThan(0);
      expect(report).not.toHaveProperty('reason');
    });

    it('keeps what a skill logs and prints apart from its answer', async () => {
      const { output, log } = await run('logs', { input: { a: 1 } });
      expect(output).toBe(1);
      expect(log).toContain('seen {"a":1}');
      expect(log).toContain('printed');
    });

    it('lets a skill use the powers it has', async () => {
      expect(await run('asks')).toMatchObject({ verdict: 'ok', output: [4, ['all about cats'], 8] });
      expect(await run('fetches', { input: 'https://yes.example/' })).toMatchObject({ output: [200, { cats: 9 }] });
    });

    it('tells a skill that a power was denied, and which verdict it is when that ends it', async () => {
      expect(await run('catches')).toMatchObject({ verdict: 'ok', output: 'PERMISSION_DENIED' });
      expect(await run('fetches', { input: 'https://no.example/' })).toMatchObject({ verdict: 'network-denied' });
    });

    it('reports what a skill throws as an exception, and no output', async () => {
      const report = await run('throws');
      expect(report).toMatchObject({ verdict: 'exception', reason: 'TypeError: no cats here' });
      expect(report).not.toHaveProperty('output');
    });

    it('ends what takes too long', async () => {
      expect((await run('hangs', { limits: { ...limits, timeoutMs: 300 } })).verdict).toBe('timeout');
    });

    it('ends a run that is cancelled, before it begins or while it runs', async () => {
      expect((await run('echo', { signal: AbortSignal.abort() })).verdict).toBe('cancelled');
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 200);
      expect((await run('hangs', { signal: stop.signal })).verdict).toBe('cancelled');
    });

    it('refuses an answer that is larger than allowed by a byte, and takes one that just fits', async () => {
      const fits = limits.outputBytes - 2; // quotation marks
      expect((await run('swells', { input: fits })).verdict).toBe('ok');
      expect((await run('swells', { input: fits + 1 })).verdict).toBe('output-limit');
    });

    it('refuses answers that are none', async () => {
      expect((await run('nothing')).verdict).toBe('invalid-output');
      expect((await run('deep')).verdict).toBe('invalid-output');
    });

    it('runs many at once without mixing them up', async () => {
      const inputs = Array.from({ length: 8 }, (_, number) => ({ number }));
      const reports = await Promise.all(inputs.map((input) => run('echo', { input, until: 'first' })));
      expect(reports.map((report: SandboxReport) => report.output)).toEqual(inputs);
    });
  });
}

const limits = { timeoutMs: 10_000, memoryMiB: 128, outputBytes: 65_536 } as const;

function requestOf(code: string): SandboxRequest {
  const files = { 'scripts/main.js': code };
  return { runId: randomUUID(), language: 'js', files, entry: 'scripts/main.js', input: null, limits, until: 'whole' };
}

function signal(): AbortSignal {
  return AbortSignal.timeout(30_000);
}
