import { LogLevel, type LogLine } from '../domain/log.ts';
import { plainText } from './plain-text.ts';

/** Lines of at least this level, of this component where one is named. */
export function acceptsLine(wanted: { level: LogLevel; component?: string }): (line: LogLine) => boolean {
  const lowest = LogLevel.options.indexOf(wanted.level);
  return ({ level, component }) =>
    LogLevel.options.indexOf(level) >= lowest && (wanted.component === undefined || component === wanted.component);
}

/** A log line for a person: time, level, component, message, then the other fields. */
export function formatLogLine({ time, level, component, message, ...fields }: LogLine): string {
  const moment = Number.isFinite(new Date(time).getTime()) ? new Date(time).toISOString() : String(time);
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = [moment, level.toUpperCase().padEnd(5), component, message, ...rest].join('  ');
  return plainText(text).replaceAll('\n', ' | ');
}
