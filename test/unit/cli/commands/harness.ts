import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';

import type { Command } from 'commander';
import { WebSocketServer } from 'ws';

import type { CliDeps, Output } from '../../../../cli/command.ts';
import type { ChatInput } from '../../../../cli/commands/chat.ts';
import type { SkillTools } from '../../../../domain/skills/local-tools.ts';
import { createProgram, runProgram } from '../../../../cli/program.ts';
import type { AuditReader } from '../../../../domain/audit/reader.ts';
import { type Environment, parseConfig, parseHome } from '../../../../domain/config/parse.ts';
import { homePaths } from '../../../../domain/config/paths.ts';
import type { ReportReader } from '../../../../domain/night/ports.ts';
import type { OwnerPorts } from '../../../../domain/ports.ts';
import { errorCatalogue, toTalosError } from '../../../../domain/errors.ts';

export type AddCommand = (program: Command, deps: CliDeps, input: ChatInput) => void;

type RunOptions = {
  readonly input?: ChatInput;
  readonly isTerminal?: boolean;
  /** Variables that stand in talos.env. */
  readonly file?: Environment;
  readonly processEnvironment?: Environment;
  readonly interrupted?: AbortSignal;
  readonly ownerPorts?: OwnerPorts;
  readonly auditReader?: AuditReader;
  readonly reports?: ReportReader;
  readonly skillTools?: SkillTools;
  readonly root?: string;
  /** Told each line of stderr as it comes. */
  readonly onNote?: (text: string) => void;
};

/** What a command left behind. `said` is what came out on stdout and stderr in order. */
export type CommandResult = { code: number; stdout: string; stderr: string; said: string };

/** A state directory of one test. */
export async function createHome() {
  const dir = await mkdtemp(`${tmpdir()}/talos-cli-`);
  await mkdir(`${dir}/run`);
  await mkdir(`${dir}/logs/tier2`, { recursive: true });

  /** Runs one command in this home. */
  async function run(add: AddCommand, words: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const result: CommandResult = { code: 0, stdout: '', stderr: '', said: '' };
    const output = captureOutput(result, options);
    const processEnvironment = options.processEnvironment ?? { TALOS_HOME: dir };
    const environment = { ...options.file, TALOS_HOME: dir, ...processEnvironment };
    const program = createProgram('0.0.0').configureOutput({
      writeErr: (text) => output.note(text.trimEnd()),
      writeOut: (text) => output.write(text),
    });
    const deps: CliDeps = {
      root: options.root ?? dir,
      processEnvironment,
      environment: () => environment,
      config: () => parseConfig(environment),
      paths: () => homePaths(parseHome(processEnvironment)),
      output,
      ownerPorts: async () => required(options.ownerPorts),
      auditReader: async () => required(options.auditReader),
      reports: async () => required(options.reports),
      skillTools: async () => required(options.skillTools),
      interrupted: () => options.interrupted ?? new AbortController().signal,
      following: () => options.interrupted ?? new AbortController().signal,
      setExitCode: (code) => (result.code = code),
    };
    add(program, deps, options.input ?? Readable.from([]));
    result.code = (await runProgram(program, words, output)) ?? result.code;
    return result;
  }

  return { dir, socket: `${dir}/run/api.sock`, run, remove: () => rm(dir, { recursive: true }) };
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('this test did not expect that to be asked for');
  return value;
}

function captureOutput(result: CommandResult, { isTerminal = false, onNote }: RunOptions): Output {
  const write = (text: string): void => {
    result.stdout += text;
    result.said += text;
  };
  const note = (text: string): void => {
    result.stderr += `${text}\n`;
    onNote?.(text);
    result.said += `${text}\n`;
  };
  return {
    isTerminal,
    write,
    note,
    aside: (text) => note(`(${text})`),
    line: (text = '') => write(`${text}\n`),
    table: (headings, rows) => write([headings, ...rows].map((row) => `${row.join(' ')}\n`).join('')),
    json: (value) => write(`${JSON.stringify(value)}\n`),
    progress: (_name, text) => note(text),
    fail(thrown) {
      const { code, message } = toTalosError(thrown);
      note(`${code}: ${message}`);
      return errorCatalogue[code].exitCode;
    },
  };
}

/** A request as the fake API saw it. */
export type SeenRequest = { method: string; path: string; headers: IncomingMessage['headers']; body: string };

export type Handle = (request: SeenRequest, response: ServerResponse) => void;

/** An API of the test's own behind a Unix socket. */
export async function serveApi(socket: string, handle: Handle) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      handle(one, response);
    })();
  });
  const logs = new WebSocketServer({ server });
  server.listen(socket);
  await once(server, 'listening');
  return {
    seen,
    logs,
    async close() {
      for (const client of logs.clients) client.terminate();
      logs.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One event as the API sends it. */
export function sse(id: string, event: unknown): string {
  return `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
}

export function replyJson(response: ServerResponse, status: number, body: unknown): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}
