import { mkdirSync } from 'node:fs';
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

import { createParser, type EventSourceMessage } from 'eventsource-parser';

import { createApprovalCodes } from '../../../adapters/approval-codes.ts';
import { createCodeBox } from '../../../adapters/code-box.ts';
import { hashText } from '../../../adapters/index.ts';
import { createMemoryApprovalLedger } from '../../../adapters/memory/approval-codes.ts';
import { createMemoryAgentRuntime, type MessageScript } from '../../../adapters/memory/agent-runtime.ts';
import { createMemoryAwaitedClouds } from '../../../adapters/memory/awaited-clouds.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryChat } from '../../../adapters/memory/conversation-store.ts';
import { createMemoryImageStore } from '../../../adapters/memory/image-store.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createMemoryLockdownStore } from '../../../adapters/memory/lockdown-store.ts';
import { createMemoryLogStream } from '../../../adapters/memory/log-stream.ts';
import { createMemoryReportStore } from '../../../adapters/memory/report-store.ts';
import { createMemoryScheduleClock } from '../../../adapters/memory/schedule-clock.ts';
import { createMemoryNightClock } from '../../../adapters/memory/night-clock.ts';
import { createMemoryNightRuns } from '../../../adapters/memory/night-runs.ts';
import { createMemoryNightRuntime } from '../../../adapters/memory/night-runtime.ts';
import { createMemorySkillRuntime } from '../../../adapters/memory/skill-runtime.ts';
import { createSkillBundles } from '../../../adapters/skill-bundles.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { createApp } from '../../../api/app.ts';
import type { ApiDeps } from '../../../api/deps.ts';
import { startServer } from '../../../api/server.ts';
import type { MessageOutcome, MessageRef } from '../../../domain/chat.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import type { JsonValue } from '../../../domain/json.ts';
import type { Measurement } from '../../../domain/skills/ports.ts';
import type { SkillRunRef, SkillRunResult } from '../../../domain/skills/run.ts';
import { homePaths } from '../../../domain/config/paths.ts';
import { createModelTwins } from '../../support/model-twins.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { noFigures } from './no-figures.ts';

const idle = { ping: async () => undefined };

export const password = 'correct-horse-battery-staple';
export const right = basic('admin', password);

/** The value of an Authorization header. */
export function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

type Chat = ReturnType<typeof createMemoryChat>;

/** What answers the messages of a test; it is given the chat to write into. */
export type Answering = (chat: Chat, ref: MessageRef, signal: AbortSignal) => Promise<void>;

/** Streams the pieces, then settles. */
export function answerWith(pieces: readonly string[], outcome: Partial<MessageOutcome> = {}): Answering {
  return async ({ conversations, tokens }, ref) => {
    await tokens.append(ref, { type: 'attempt-start', attempt: 1 });
    for (const text of pieces) await tokens.append(ref, { type: 'text-delta', text });
    await conversations.settle(
      ref,
      { state: 'answered', reply: pieces.join(''), model: 'talos-test', ...outcome },
      2000,
    );
  };
}

/** Ends a message as the pipeline ends one it refuses or fails at. */
export function endWith(code: string, state: 'blocked' | 'failed' | 'stopped' = 'failed', reply?: string): Answering {
  return async ({ conversations }, ref) => {
    const outcome = { state, error: { code, message: `ended with ${code}` }, ...(reply !== undefined && { reply }) };
    await conversations.settle(ref, outcome, 2000);
  };
}

/** Answers nothing until it is stopped. */
export const untilStopped: Answering = async ({ conversations }, ref, signal) => {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  const error = { code: 'MESSAGE_STOPPED', message: 'The message was stopped.' };
  await conversations.settle(ref, { state: 'stopped', reply: 'half', error }, 2000);
};

/** What makes the runs of a test; it is given the twins to write into. */
export type Running = (twins: SkillTwins, ref: SkillRunRef, signal: AbortSignal) => Promise<void>;

/** Ends a run with this result. */
export function runTo(result: Partial<SkillRunResult>, output?: JsonValue): Running {
  return async ({ skillRuns }, ref) => {
    const ending: SkillRunResult = { state: 'ok', egress: [], log: 'a line', finishedAt: 2000, ...result };
    await skillRuns.settle(ref, ending, output);
  };
}

type Options = {
  readonly settings?: Record<string, string>;
  readonly answering?: Answering;
  /** What runs of skills come to. */
  readonly running?: Running;
  /** What a measurement comes to. */
  readonly measure?: () => Promise<Measurement>;
  readonly deps?: Partial<ApiDeps>;
  readonly drain?: { answerMs: number; cutMs: number };
  readonly home?: string;
};

/** An API of its own on a random port and a Unix socket, over twins. */
export async function startApi({
  settings = {},
  answering = answerWith(['Hello']),
  running = runTo({ state: 'ok', verdict: 'ok' }, 42),
  measure,
  deps: own,
  drain,
  home,
}: Options = {}) {
  const env = { TALOS_HOME: home ?? scratchFolder(), API_RATE_LIMIT_MAX: '100000', ...settings };
  const parsed = parseConfig(env);
  const config = { ...parsed, ports: { ...parsed.ports, web: 0 } };
  const paths = homePaths(config);
  mkdirSync(paths.run, { recursive: true });
  const chat = createMemoryChat();
  const script: MessageScript = (ref, signal) => answering(chat, ref, signal);
  const now = own?.now ?? (() => 1000);
  const codeBox = createCodeBox(now);
  const skillTwins = createSkillTwins();
  const skillRuntime = createMemorySkillRuntime({
    ...skillTwins,
    script: (ref, signal) => running(skillTwins, ref, signal),
    ...(measure && { measure }),
  });
  const nightRuns = createMemoryNightRuns();
  const tools = createBundleTools({ maxBytes: config.skills.maxSizeBytes });
  const twins = {
    ...chat,
    skills: skillTwins.skills,
    catalog: skillTwins.catalog,
    skillRuns: skillTwins.skillRuns,
    awaitedCalls: skillTwins.awaitedCalls,
    awaitedClouds: createMemoryAwaitedClouds(),
    drafts: skillTwins.drafts,
    schedules: skillTwins.schedules,
    scheduleClock: createMemoryScheduleClock(now),
    checkInput: skillTwins.skillRules.checkInput,
    nightRuns,
    reports: createMemoryReportStore(),
    nightClock: createMemoryNightClock(undefined, now),
    nightRuntime: createMemoryNightRuntime(nightRuns, now),
    skillRuntime,
    skillBundles: createSkillBundles({ tools, git: { protocols: ['https'], tmp: paths.home } }),
    codeBox,
    approvals: createApprovalCodes({
      ledger: createMemoryApprovalLedger(),
      key: new Uint8Array(32),
      delivery: codeBox,
      now,
    }),
    runtime: createMemoryAgentRuntime(script),
    images: createMemoryImageStore(),
    lockdown: createMemoryLockdownStore(),
    logs: createMemoryLogStream(),
    model: createMemoryLanguageModel(),
    modelPorts: createModelTwins(),
    audit: createMemoryAuditLog(),
  };
  const checked: string[] = [];
  const logged: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const log = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void logged.push({ level, fields, message });
  let keys = 0;
  const deps: ApiDeps = {
    ...twins,
    config,
    probes: { temporal: twins.runtime, redis: chat.conversations, chroma: idle, ollama: idle },
    metrics: noFigures,
    async verifyPassword(given) {
      checked.push(given);
      return given === password;
    },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    hashText,
    now,
    newKey: () => `key-${(keys += 1)}`,
    ...own,
  };
  const server = await startServer({ app: createApp(deps), deps, config, ...(drain && { drain }) });
  const call = (path: string, options: Call = {}) => send({ port: server.port, path, ...options });
  return {
    ...twins,
    chat,
    config,
    port: server.port,
    socket: paths.apiSocket,
    /** Passwords that were checked, in order. */
    checked,
    logged,
    close: () => server.close(),

    /** A request over TCP without credentials. */
    call,

    /** A request over TCP with the right credentials. */
    ask: (path: string, options: Call = {}) =>
      call(path, { ...options, headers: { authorization: right, ...options.headers } }),

    /** A request over the owner's socket. */
    own: (path: string, options: Call = {}) => send({ socketPath: paths.apiSocket, path, ...options }),

    /** `POST /chat` with JSON. */
    say: (message: string, more: { conversation?: string; key?: string; headers?: Record<string, string> } = {}) =>
      call('/chat', {
        body: { message, ...(more.conversation !== undefined && { conversation: more.conversation }) },
        headers: {
          authorization: right,
          ...(more.key !== undefined && { 'idempotency-key': more.key }),
          ...more.headers,
        },
      }),
  };
}

export type TestApi = Awaited<ReturnType<typeof startApi>>;

type Call = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON unless it is a Buffer or a string. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

/** An answer, read to its end. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
};

type Target = { readonly agent?: Agent; readonly port?: number; readonly socketPath?: string; readonly path: string };

/** Sends a request; resolves with the head of the answer. */
export function open(call: Target & Call): Promise<IncomingMessage> {
  const { method, headers = {}, body, ...target } = call;
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const payload = raw ? body : JSON.stringify(body);
  const type = raw ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        agent: false,
        ...target,
        method: method ?? (payload === undefined ? 'GET' : 'POST'),
        headers: { ...type, ...headers },
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

async function send(call: Target & Call): Promise<Answer> {
  const response = await open(call);
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += String(chunk);
  const isJson = text !== '' && response.headers['content-type']?.includes('json') === true;
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.statusCode ?? 0, headers: response.headers, text, body };
}

/** The server-sent events of an answer, as they come; comments as events named `comment`. */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<EventSourceMessage> {
  const ready: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => ready.push(event),
    onComment: (text) => ready.push({ id: undefined, event: 'comment', data: text }),
  });
  response.setEncoding('utf8');
  for await (const text of response) {
    parser.feed(String(text));
    yield* ready.splice(0);
  }
}

/** All server-sent events of an answer. */
export async function collect(response: IncomingMessage): Promise<EventSourceMessage[]> {
  const events: EventSourceMessage[] = [];
  for await (const event of eventsOf(response)) events.push(event);
  return events;
}
