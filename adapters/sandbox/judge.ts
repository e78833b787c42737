import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { SkillPowers } from '../../domain/skills/ports.ts';
import { parseAnswer } from '../../domain/sandbox/answer.ts';
import { classifyEnd, classifyFault, type Finding, SkillFault } from '../../domain/sandbox/classify.ts';
import type { SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';
import type { BundleFiles } from '../../domain/skills/bundle.ts';
import { type Broker, createBroker } from './broker.ts';
import { createFrameReader, type FrameListener } from './frames.ts';
import { createKeptLog, type KeptLog } from './kept-log.ts';
import type { SandboxProgram } from './program.ts';

/** One run to be judged; `sources` are the files as the runner gets them. */
export type Trial = {
  readonly request: SandboxRequest;
  readonly sources: BundleFiles;
  readonly powers: SkillPowers;
  readonly signal: AbortSignal;
};

/** What a run came to, short of who ran it. */
export type Judgement = Omit<SandboxReport, 'driver'>;

type Ruling = Finding | { readonly verdict: 'ok'; readonly output: JsonValue };

/** Everything a skill prints, beyond which it is a flood. */
const floodBytes = 4_194_304;
/** What a call to the host may weigh even where the answer may not: the powers take 1 MiB of text, and JSON has up to six characters for one. */
const callBytes = 6 * 1_048_576 + 65_536;
const kindBytes = 64;
/** How long a program that has answered may take to end. */
const lingerMs = 2000;
const deathMs = 10_000;

/** Gives a ready runner its work and rules on what comes of it. It alone decides; what the skill says of itself only words the reason. */
export async function judge(program: SandboxProgram, trial: Trial): Promise<Judgement> {
  const startedAt = performance.now();
  const log = createKeptLog();
  const broker = createBroker(program.stdin, trial.powers);
  program.guard?.();
  const hearing = openHearing(program, trial, { log, broker });
  try {
    const ruling = await hearing.ruling;
    const wallMs = performance.now() - startedAt;
    if (ruling.verdict === 'ok' && trial.request.until === 'first') {
      await nextTurn(); // what it printed before its answer is there by now, but on another stream
      return { ...ruling, log: log.text(), resources: { wallMs } };
    }
    program.kill();
    const { cpuMs, peakBytes } = await endOf(program);
    const used = { ...(cpuMs === undefined ? {} : { cpuMs }), ...(peakBytes === undefined ? {} : { peakBytes }) };
    return { ...ruling, log: log.text(), resources: { wallMs, ...used } };
  } finally {
    broker.close();
    hearing.close();
    program.kill();
  }
}

function openHearing(program: SandboxProgram, { request, sources, signal }: Trial, tools: HearingTools) {
  const { promise: ruling, resolve } = Promise.withResolvers<Ruling>();
  const rule = (made: Ruling): void => {
    tools.broker.close(); // what a skill asks for after that, or has asked for unheard, is done no more
    resolve(made);
  };
  const nonce = randomUUID();
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, reason: string): void => {
    timers.push(setTimeout(() => rule({ verdict: 'timeout', reason }), ms));
  };
  const listener = createListener(request, { ...tools, rule, linger: (reason) => after(lingerMs, reason) });
  const maxBytes = Math.max(request.limits.outputBytes, callBytes) + nonce.length + kindBytes;
  const cancel = (): void => rule({ verdict: 'cancelled', reason: 'the run was cancelled' });
  after(request.limits.timeoutMs, `it took longer than ${request.limits.timeoutMs} ms`);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  program.stdout.on('data', createFrameReader({ nonce, maxBytes }, listener)).resume();
  program.stderr.on('data', (chunk: Buffer) => listener.noise(chunk)).resume();
  program.stdin.on('error', () => undefined); // it may end without reading; that it ended is heard below
  program.stdin.write(`${JSON.stringify({ nonce, files: sources, entry: request.entry, input: request.input })}\n`);
  void program.ended.then((end) => rule(listener.ended(end)));
  return {
    ruling,
    close() {
      signal.removeEventListener('abort', cancel);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

type HearingTools = { readonly log: KeptLog; readonly broker: Broker };

type ListenerTools = HearingTools & {
  readonly rule: (ruling: Ruling) => void;
  readonly linger: (reason: string) => void;
};

function createListener({ limits, until }: SandboxRequest, { log, broker, rule, linger }: ListenerTools) {
  let answer: { output: JsonValue } | undefined;

  function takeAnswer(text: string): void {
    if (Buffer.byteLength(text) > limits.outputBytes) return tooLong();
    const read = parseAnswer(text);
    if ('refused' in read) return rule({ verdict: 'invalid-output', reason: read.refused });
    if (until === 'first') return rule({ verdict: 'ok', output: read.output });
    answer = read;
    linger('it answered but did not end by itself');
  }

  function takeFault(text: string): void {
    const fault = readFault(text);
    const denied = fault.code === 'PERMISSION_DENIED' ? broker.denied() : undefined;
    const finding = classifyFault(fault);
    rule(denied === undefined ? finding : { ...finding, verdict: denied });
  }

  function tooLong(): void {
    rule({ verdict: 'output-limit', reason: `its answer has more than ${limits.outputBytes} bytes` });
  }

  /** Of what is cut off nobody knows any more whether it was the answer. */
  function cutOff(): void {
    rule({ verdict: 'output-limit', reason: 'its answer, or what it asked of the host, is too large' });
  }

  const kinds: Readonly<Record<string, (text: string) => void>> = {
    answer: takeAnswer,
    error: takeFault,
    unfit: (text) => rule({ verdict: 'invalid-output', reason: classifyFault(readFault(text)).reason }),
    call(text) {
      const stop = broker.take(text);
      if (stop !== undefined) rule(stop);
    },
  };

  return {
    frame(kind, text) {
      const take = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
      if (answer !== undefined) rule({ verdict: 'invalid-output', reason: 'it said more after its answer' });
      else if (take === undefined) rule({ verdict: 'invalid-output', reason: 'it said what no runner says' });
      else take(text);
    },
    tooLong: cutOff,
    noise(bytes) {
      log.add(bytes);
      if (log.written > floodBytes) rule({ verdict: 'output-limit', reason: 'it prints without end' });
    },
    ended(end): Ruling {
      if (answer !== undefined && end.code === 0) return { verdict: 'ok', ...answer };
      const finding = classifyEnd(end, log.text());
      if (answer === undefined || finding.verdict !== 'crash') return finding;
      return { verdict: 'crash', reason: `it answered and then ended with code ${end.code}` };
    },
  } satisfies FrameListener & { ended(end: Awaited<SandboxProgram['ended']>): Ruling };
}

function readFault(text: string): SkillFault {
  const read = parseAnswer(text);
  const fault = SkillFault.safeParse('output' in read ? read.output : undefined);
  return fault.success ? fault.data : { name: 'Error', message: 'an error that cannot be read' };
}

async function endOf(program: SandboxProgram): ReturnType<() => SandboxProgram['ended']> {
  const waiting = new AbortController();
  const late = sleep(deathMs, undefined, { signal: waiting.signal }).then(() => {
    throw new TalosError('SANDBOX_FAILED', 'A sandbox is still there after it was killed');
  });
  try {
    return await Promise.race([program.ended, late]);
  } finally {
    waiting.abort();
    late.catch(() => undefined); // it lost the race
  }
}
