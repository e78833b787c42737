import { z } from 'zod';

/** Severity of a log line, lowest first. */
export const LogLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).meta({ id: 'LogLevel' });
export type LogLevel = z.infer<typeof LogLevel>;

/** One structured line as `/ws/logs` sends it. `correlationId` is the message id where there is one. `time` is ms since 1970. */
export const LogLine = z
  .looseObject({
    time: z.int(),
    level: LogLevel,
    component: z.string(),
    message: z.string(),
    correlationId: z.string().optional(),
  })
  .meta({ id: 'LogLine' });
export type LogLine = z.infer<typeof LogLine>;

/** What the core needs of a logger; pino in production. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
