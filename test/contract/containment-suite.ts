import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { JsonValue } from '../../domain/json.ts';
import type { Sandbox, SkillPowers } from '../../domain/skills/ports.ts';
import type { SandboxReport, SandboxRequest, SandboxVerdict } from '../../domain/sandbox/run.ts';
import type { SkillLanguage } from '../../domain/skills/manifest.ts';
import { TalosError } from '../../domain/errors.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

type Fixture = {
  readonly name: string;
  readonly file: string;
  readonly input?: JsonValue;
  readonly timeoutMs?: number;
};
type Hostile = Fixture & { readonly expect: readonly SandboxVerdict[] };
type Harmless = Fixture & { readonly output: JsonValue };

const folder = new URL('../fixtures/sandbox/', import.meta.url);
const all = JSON.parse(readFileSync(new URL('skills.json', folder), 'utf8')) as {
  readonly hostile: readonly Hostile[];
  readonly harmless: readonly Harmless[];
};
/** What hostile skills return when they got through. */
const marks = /FORGED|REACHED|PLANTED|LEAKED|TURNED|SWARMED|ROOT|OPENED|RESOLVED|SENT|GOT \d|SET\b|LEFT ONE/;
const variables = ['HOME', 'HOSTNAME', 'LANG', 'PATH', 'PWD', 'TZ'];

export type Containment = {
  readonly create: () => Promise<Sandbox>;
  /** How many processes or containers of sandboxes there are on this machine. */
  readonly leftovers: () => Promise<number>;
};

const noPowers: SkillPowers = {
  call: () => Promise.reject(new TalosError('PERMISSION_DENIED', 'This skill has no powers.')),
  egress: () => [],
};

/** Hostile skills are contained and rightly named, harmless ones unharmed; what shows it lies outside of the sandbox. */
export function describeContainment(name: string, { create, leftovers }: Containment) {
  describe(name, () => {
    const secret = randomUUID();
    const variable = `TALOS_CANARY_${process.pid}`;
    let file = '';
    let sandbox: Sandbox;
    let server: Server;
    let hits = 0;
    let input: JsonValue;
    const run = (fixture: Fixture, until: SandboxRequest['until'] = 'whole'): Promise<SandboxReport> =>
      sandbox.run(requestOf(fixture, until, fixture.input ?? input), noPowers, AbortSignal.timeout(60_000));

    beforeAll(async () => {
      const open = scratchFolder();
      chmodSync(open, 0o755); // that a sandbox runs as another user must not be what keeps it away
      file = join(open, 'canary');
      writeFileSync(file, secret, { mode: 0o644 });
      process.env[variable] = secret;
      server = createServer((socket) => {
        hits += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
      const address = server.address();
      input = { file, port: typeof address === 'object' && address !== null ? address.port : 0 };
      sandbox = await create();
      await sandbox.prove(AbortSignal.timeout(60_000));
    }, 60_000);

    afterAll(async () => {
      delete process.env[variable];
      server.close();
      await sandbox.close();
      expect(hits).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe(secret);
      await vi.waitFor(async () => expect(await leftovers()).toBe(0), { timeout: 5000 });
    });

    it.each(all.hostile)('contains a skill that $name', async (fixture) => {
      const report = await run(fixture);
      expect(fixture.expect, `${report.reason}\n${report.log.slice(-500)}`).toContain(report.verdict);
      expect(report.verdict === 'ok').toBe(report.output !== undefined);
      const output = JSON.stringify(report.output ?? null);
      expect(JSON.stringify(report)).not.toContain(secret);
      expect(output).not.toMatch(marks);
      expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false);
      if (fixture.name === 'returns-the-environment') expect(variables).toEqual(expect.arrayContaining(keysOf(output)));
      expect(hits).toBe(0);
    });

    it.each(all.harmless)('does not harm a skill that $name, three times over', async (fixture) => {
      for (const until of ['whole', 'whole', 'first'] as const) {
        expect(await run(fixture, until)).toMatchObject({ verdict: 'ok', output: fixture.output });
      }
    });

    it('starts each run afresh', async () => {
      const code = `import { existsSync, writeFileSync } from 'node:fs';
export default () => { const was = [globalThis.was ?? false, existsSync('/tmp/was')]; globalThis.was = true; writeFileSync('/tmp/was', ''); return was; };`;
      for (let count = 0; count < 4; count += 1) {
        const request = { ...requestOf({ name: 'x', file: '' }, 'first', null, code) };
        expect((await sandbox.run(request, noPowers, AbortSignal.timeout(20_000))).output).toEqual([false, false]);
      }
    });

    it('lets the files of a skill import one another, and none see its cases', async () => {
      const files = {
        'scripts/main.js': `import { twice } from './math/twice.js'; import data from '../data.json' with { type: 'json' }; import old from './old.cjs';
export default async () => [twice(data.number), old.half(8), (await import('./late.mjs')).late, import.meta.url.endsWith('main.js')];`,
        'scripts/math/twice.js': `export { twice } from '../more.js';`,
        'scripts/more.js': `import './math/twice.js'; export const twice = (number) => 2 * number;`,
        'scripts/late.mjs': 'export const late = await Promise.resolve("late");',
        'scripts/old.cjs': `const { number } = require('../data.json'); exports.half = (value) => value / 2 + number - 21;`,
        'data.json': '{"number":21}',
        'evals/evals.json': '{"cases":[]}',
      };
      const request = { ...requestOf({ name: 'x', file: '' }, 'whole', null, ''), files, entry: 'scripts/main.js' };
      const report = await sandbox.run(request, noPowers, AbortSignal.timeout(20_000));
      expect(report).toMatchObject({ verdict: 'ok', output: [42, 4, 'late', true] });
      const nosy = {
        ...files,
        'scripts/main.js': `import cases from '../evals/evals.json'; export default () => cases;`,
      };
      expect((await sandbox.run({ ...request, files: nosy }, noPowers, AbortSignal.timeout(20_000))).verdict).toBe(
        'exception',
      );
    });

    it('lets modules of a Python skill import one another', async () => {
      const files = {
        'scripts/main.py':
          'from .shapes import area\nimport words\n\ndef main(value):\n    return [area(value), words.shout("hi")]\n',
        'scripts/shapes.py': 'def area(side):\n    return side * side\n',
        'scripts/words.py': 'def shout(text):\n    return text.upper()\n',
      };
      const request = { ...requestOf({ name: 'x', file: 'x.py' }, 'whole', 3, ''), files, entry: 'scripts/main.py' };
      expect(await sandbox.run(request, noPowers, AbortSignal.timeout(20_000))).toMatchObject({ output: [9, 'HI'] });
    });

    it.each([
      ['x.js', 'export default async (text, ctx) => ctx.tool("measure", text);'],
      ['x.py', 'def main(text, ctx):\n    return ctx.tool("measure", text)\n'],
    ])('lets a skill (%s) hand a mebibyte of text to the host, however long JSON makes it', async (file, code) => {
      const measure = async (_: string, input: JsonValue) => Buffer.byteLength((input as { input: string }).input);
      for (const text of ['\n'.repeat(1_048_576), 'д'.repeat(524_288), '🦊'.repeat(262_144)]) {
        const request = requestOf({ name: 'x', file }, 'whole', text, code);
        const report = await sandbox.run(request, { call: measure, egress: () => [] }, AbortSignal.timeout(20_000));
        expect(report).toMatchObject({ verdict: 'ok', output: 1_048_576 });
      }
    });

    it('gives each thread of a Python skill the reply to its own call', async () => {
      const code = `from concurrent.futures import ThreadPoolExecutor

def main(value, ctx):
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda number: ctx.tool("echo", number), value))
`;
      const numbers = Array.from({ length: 20 }, (_, number) => number);
      const request = requestOf({ name: 'x', file: 'x.py' }, 'whole', numbers, code);
      const echo = async (_: string, input: JsonValue) => {
        const { input: number } = input as { input: number };
        await sleep(number % 2); // so that replies to calls at once would come in another order
        return number;
      };
      const report = await sandbox.run(request, { call: echo, egress: () => [] }, AbortSignal.timeout(20_000));
      expect(report).toMatchObject({ verdict: 'ok', output: numbers });
    });
  });
}

function requestOf(
  { file, timeoutMs = 10_000 }: Fixture,
  until: SandboxRequest['until'],
  ...[input, code]: [JsonValue, string?]
): SandboxRequest {
  const ending = file.split('.').at(-1) ?? '';
  const language: SkillLanguage = ending === 'py' || ending === 'ts' ? ending : 'js';
  const entry = `main.${ending || 'js'}`;
  const text = code ?? readFileSync(new URL(file, folder), 'utf8');
  const limits = { timeoutMs, memoryMiB: 128, outputBytes: 1_048_576 };
  return { runId: randomUUID(), language, files: { [entry]: text }, entry, input, limits, until };
}

function keysOf(text: string): string[] {
  return Object.keys(JSON.parse(text) as object);
}
