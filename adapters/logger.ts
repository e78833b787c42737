import pino from 'pino';

import type { HomePaths } from '../domain/config/paths.ts';
import { type Logger, LogLevel, LogLine } from '../domain/log.ts';
import type { LogStream } from '../domain/ports.ts';
import { type LogFiles, openLogFiles } from './logger-files.ts';
import { redactFields, redactText } from './logger-redact.ts';

/** The logger of a process. `bind` gives one whose lines all carry the given fields; `close` waits until everything is written. */
export type ProcessLogger = Logger & {
  fatal(fields: Readonly<Record<string, unknown>>, message: string): void;
  bind(fields: Readonly<Record<string, unknown>>): Logger;
  close(): Promise<void>;
};

type LoggerOptions = {
  readonly paths: Pick<HomePaths, 'operations' | 'debug'>;
  /** Days the logs are kept; 30 and 7 by default. */
  readonly keepDays?: { readonly operations: number; readonly debug: number };
  /** Least severe line of the operations log and the live stream. */
  readonly level: LogLevel;
  /** Name of the process; also the beginning of its file names. */
  readonly component: string;
  readonly stream?: LogStream;
  /** Configured secrets: wherever one would show in a line, it is hidden. */
  readonly secrets?: readonly string[];
  /** Where fatal lines and trouble with the log itself go. */
  readonly stderr?: (text: string) => void;
  /** Size at which a file is closed, as in `10m`. */
  readonly fileSize?: string;
};

/** Logs into tier 2 (from `level`), tier 3 (everything from debug) and the live stream (from `level`). */
export async function createLogger(options: LoggerOptions): Promise<ProcessLogger> {
  const { paths, level, component, stream, keepDays = { operations: 30, debug: 7 } } = options;
  const stderr = options.stderr ?? ((text: string) => void process.stderr.write(text));
  const shared = {
    component,
    onTrouble: once((trouble) => stderr(`The log cannot be written: ${trouble}\n`)),
    ...sizeOf(options),
  };
  const operations = await openLogFiles({ ...shared, dir: paths.operations, keepDays: keepDays.operations });
  const debug = await openLogFiles({ ...shared, dir: paths.debug, keepDays: keepDays.debug });
  const targets: { level: LogLevel; stream: { write: (line: string) => void } }[] = [
    { level, stream: operations },
    { level: lowest(level, 'debug'), stream: debug },
    { level: 'fatal', stream: { write: stderr } },
  ];
  if (stream !== undefined) targets.push({ level, stream: { write: (line) => forward(line, stream) } });
  const logger = pino(pinoOptions(options), pino.multistream(targets));
  return bound(logger, {}, [operations, debug]);
}

function pinoOptions({ level, component, secrets = [] }: LoggerOptions): pino.LoggerOptions {
  return {
    level: lowest(level, 'debug'),
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":${Date.now()}`,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => ({ component, ...redactFields(fields) }),
    },
    // The fields are plain data already; pino's own serialiser would copy more of an error.
    serializers: { err: (value: unknown) => value },
    hooks: { streamWrite: hideAll(secrets) },
  };
}

/** A secret as it shows inside JSON; short ones would hide half the log. */
function hideAll(secrets: readonly string[]): (line: string) => string {
  const shown = secrets.filter((secret) => secret.length >= 6).map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => shown.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line);
}

function bound(
  logger: pino.Logger,
  fields: Readonly<Record<string, unknown>>,
  files: readonly LogFiles[],
): ProcessLogger {
  const write = (level: LogLevel) => (more: Readonly<Record<string, unknown>>, message: string) => {
    logger[level]({ ...fields, ...more }, redactText(message));
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    bind: (more) => bound(logger, { ...fields, ...more }, files),
    async close() {
      await Promise.all(files.map((file) => file.close()));
    },
  };
}

function forward(line: string, stream: LogStream): void {
  const parsed = LogLine.safeParse(JSON.parse(line));
  if (parsed.success) stream.append(parsed.data);
}

function lowest(a: LogLevel, b: LogLevel): LogLevel {
  const order = LogLevel.options;
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}

function sizeOf({ fileSize }: LoggerOptions): { size?: string } {
  return fileSize === undefined ? {} : { size: fileSize };
}

function once(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    tell(text);
  };
}
