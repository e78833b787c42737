import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { type Command, Option } from 'commander';

import { ConversationId } from '../../domain/chat.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import {
  type ChatSession,
  failureOf,
  keepConversation,
  newConversation,
  readConversation,
  sendMessage,
} from '../chat-session.ts';
import { readImageFiles } from '../image-files.ts';
import { createApiClient } from '../client.ts';
import type { CliDeps } from '../command.ts';
import { readUtf8 } from '../read-utf8.ts';

type ChatOptions = {
  conversation?: string;
  new?: true;
  json?: true;
  image?: string[];
  local?: true;
  cloud?: true;
  verbose?: true;
};

/** Where a message is read from when none is given as an argument. */
export type ChatInput = Readable & { readonly isTTY?: boolean };

const examples = `
Examples:
  talos chat hello
  talos chat --new "a fresh start"
  git diff | talos chat
  talos chat                     talk until Ctrl-D; Ctrl-C stops the answer that is coming
  talos chat --image cat.png "what is this?"
  talos chat --json hello        the reply as JSON, with route, model, tokens and memory
  talos chat --local hello       never by way of a cloud`;

/** `talos chat`: sends a message and streams the answer. */
export function addChatCommand(program: Command, deps: CliDeps, input: ChatInput = process.stdin): void {
  program
    .command('chat')
    .description('send a message and print the answer as it comes')
    .argument('[message...]', 'what you want to say; read from standard input, or asked for, when left out')
    .option('--conversation <id>', 'go on with this conversation')
    .addOption(new Option('--new', 'begin a new conversation').conflicts('conversation'))
    .option('--image <file>', 'show a PNG, JPEG or WebP; may be given four times', addOne)
    .addOption(new Option('--local', 'answer on this machine alone, whatever happens').conflicts('cloud'))
    .addOption(new Option('--cloud', 'let Gemini answer').conflicts('local'))
    .option('--verbose', 'tell which model answered, where, and what filled its context')
    .option('--json', 'print the whole reply as JSON')
    .addHelpText('after', examples)
    .action(async (words: string[], options: ChatOptions) => {
      const images = await readImageFiles(options.image ?? []);
      const isAsking = words.length === 0 && input.isTTY === true;
      if (isAsking && images.length > 0) throw unsaid();
      const session = await openSession(deps, options);
      if (isAsking) return talk(session, deps, input);
      const text = words.length === 0 ? await readAll(input) : words.join(' ');
      await sayOnce(session, deps, { text, images });
    });
}

function addOne(file: string, files: string[] = []): string[] {
  return [...files, file];
}

function unsaid(): TalosError {
  const message = 'Say something about the image; for example: ./talos chat --image cat.png "what is this?"';
  return new TalosError('VALIDATION_FAILED', message);
}

async function openSession(deps: CliDeps, options: ChatOptions): Promise<ChatSession> {
  const paths = homePaths(deps.config());
  const kept = `${paths.run}/chat-conversation`;
  const conversation = parseConversation(options) ?? (await readConversation(kept)) ?? newConversation();
  const client = createApiClient(paths.apiSocket);
  await keepConversation(kept, conversation).catch(() => undefined); // without the folder Talos does not run, which the call below tells
  const route = options.local === true ? 'local' : options.cloud === true ? 'cloud' : undefined;
  return {
    client,
    output: deps.output,
    conversation,
    isQuiet: options.json === true,
    isVerbose: options.verbose === true,
    ...(route && { route }),
  };
}

function parseConversation(options: ChatOptions): ConversationId | undefined {
  if (options.new === true) return newConversation();
  if (options.conversation === undefined) return undefined;
  const result = ConversationId.safeParse(options.conversation);
  if (result.success) return result.data;
  const problem = result.error.issues[0]?.message ?? 'is not valid';
  throw new TalosError('VALIDATION_FAILED', `--conversation ${options.conversation}: ${problem}.`);
}

type Saying = { readonly text: string; readonly images: readonly string[] };

async function sayOnce(session: ChatSession, deps: CliDeps, { text, images }: Saying): Promise<void> {
  const message = text.replace(/\r?\n$/, '');
  if (message === '')
    throw new TalosError('VALIDATION_FAILED', 'The message is empty; for example: ./talos chat hello');
  const request = { message, ...(images.length > 0 && { images: [...images] }) };
  const reply = await sendMessage(session, request, deps.interrupted());
  if (session.isQuiet) deps.output.json(reply);
  const failure = failureOf(reply);
  if (failure !== undefined) throw failure;
}

/** Asks for messages until the input ends. Ctrl-C stops a running answer; without one it ends the session. */
async function talk(session: ChatSession, { output }: CliDeps, input: ChatInput): Promise<void> {
  const prompts = output.isTerminal ? process.stdout : process.stderr; // answers that go into a file go there alone
  const lines = createInterface({ input, output: prompts, terminal: true, prompt: '> ' });
  let running: AbortController | undefined;
  let isClosed = false;
  lines.once('close', () => (isClosed = true));
  lines.on('SIGINT', () => {
    if (running === undefined) lines.close();
    else running.abort();
  });
  output.note(`Conversation ${session.conversation}. Ctrl-C stops an answer, Ctrl-D ends.`);
  lines.prompt();
  for await (const message of lines) {
    running = new AbortController();
    if (message.trim() !== '') await answer(session, message, running.signal);
    running = undefined;
    if (!isClosed) lines.prompt();
  }
}

/** A message that fails is told and does not end the session. */
async function answer(session: ChatSession, message: string, signal: AbortSignal): Promise<void> {
  const { output } = session;
  try {
    const reply = await sendMessage(session, { message }, signal);
    if (session.isQuiet) output.json(reply);
    const failure = failureOf(reply);
    if (failure !== undefined) output.fail(failure);
  } catch (error) {
    output.fail(error);
  }
}

/** Longest text taken from standard input, far above what the firewall lets through. */
const maxInputBytes = 1024 * 1024;

async function readAll(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxInputBytes)
      throw new TalosError('MESSAGE_TOO_LONG', 'Standard input is longer than any message may be.');
    chunks.push(bytes);
  }
  return readUtf8(Buffer.concat(chunks), 'Standard input');
}
