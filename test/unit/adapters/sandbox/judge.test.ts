import { once } from 'node:events';
import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { judge } from '../../../../adapters/sandbox/judge.ts';
import type { SandboxEnd } from '../../../../domain/sandbox/classify.ts';
import type { SandboxRequest } from '../../../../domain/sandbox/run.ts';
import type { JsonValue } from '../../../../domain/json.ts';

/** A program that takes its work and then says all of this at once; it ends as it is told, or when it is killed. */
function startProgram(says: (nonce: string) => string, end?: SandboxEnd) {
  const { promise: ended, resolve } = Promise.withResolvers<SandboxEnd>();
  const program = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    ended,
    kill: () => resolve({ code: 137 }),
  };
  void once(program.stdin, 'data').then(([line]) => {
    program.stdout.write(says(JSON.parse(String(line)).nonce));
    if (end !== undefined) program.stdout.once('end', () => resolve(end)).end();
  });
  return program;
}

const frames =
  (...lines: string[]) =>
  (nonce: string) =>
    lines.map((line) => `\n${nonce} ${line}\n`).join('');

function trial(until: SandboxRequest['until']) {
  const asked: JsonValue[] = [];
  const request: SandboxRequest = {
    runId: 'run-1',
    language: 'js',
    files: {},
    entry: 'main.js',
    input: null,
    limits: { timeoutMs: 10_000, memoryMiB: 128, outputBytes: 1000 },
    until,
  };
  const powers = { call: async (_: string, input: JsonValue) => (asked.push(input), null), egress: () => [] };
  return { asked, trial: { request, sources: {}, powers, signal: new AbortController().signal } };
}

const call = (id: number) => `call {"id":${id},"power":"folder","input":${id}}`;

describe('the judge', () => {
  it.each<[string, string, SandboxRequest['until']]>([
    ['ok', 'answer 9', 'first'],
    ['exception', 'error {"name":"Error","message":"no"}', 'whole'],
    ['invalid-output', 'answer {', 'whole'],
    ['invalid-output', 'hello {}', 'whole'],
  ])('that has found %s by "%s" does nothing more for the skill', async (verdict, last, until) => {
    const { asked, trial: given } = trial(until);
    const program = startProgram(frames(call(1), last, call(2), call(3)));
    expect((await judge(program, given)).verdict).toBe(verdict);
    expect(asked).toEqual([1]);
  });

  it.each<[string, SandboxEnd, string]>([
    ['ended well', { code: 0 }, 'ok'],
    ['died', { code: 134 }, 'crash'],
    ['was lost with what ran it', { code: 137, wasLost: true }, 'infrastructure'],
    ['ran out of memory', { code: 137, wasOutOfMemory: true }, 'oom'],
  ])('says of a program that answered and then %s what happened to it', async (_what, end, verdict) => {
    const { trial: given } = trial('whole');
    expect((await judge(startProgram(frames('answer 9'), end), given)).verdict).toBe(verdict);
  });
});
