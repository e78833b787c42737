/** What each of the five fields of a cron line may say. */
const fieldRules = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of the week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const;

type FieldRule = (typeof fieldRules)[number];

/** The values of each field at which a line comes due. Sunday is 0. */
export type CronTimes = {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
};

/** A cron line that was read, or why it is none. */
export type ReadCron =
  | { readonly ok: true; readonly times: CronTimes }
  | { readonly ok: false; readonly reason: string };

const example =
  'for example "0 8 * * *" is every day at 8:00 and "*/15 9-17 * * mon-fri" every quarter of a working hour';

/** Days of the months of a leap year. */
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron line of five fields: minute, hour, day of the month, month, day of the week. A field is `*`, values, ranges and steps,
 * months and weekdays also by three letters. What two kinds of cron read differently is refused.
 */
export function readCron(line: string): ReadCron {
  const texts = line.trim().split(/\s+/);
  if (texts.length !== fieldRules.length) {
    return refused(`a cron line has five fields, minute hour day month weekday; ${example}`);
  }
  const read = fieldRules.map((rule, place) => readField(rule, texts[place] ?? ''));
  const problem = read.find((field) => typeof field === 'string');
  if (typeof problem === 'string') return refused(`${problem}; ${example}`);
  const [minutes, hours, days, months, weekdays] = read.map((field) => (typeof field === 'string' ? [] : field));
  const times = {
    minutes: new Set(minutes),
    hours: new Set(hours),
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays?.map((day) => day % 7)),
  };
  if (texts[2] !== '*' && texts[4] !== '*') {
    return refused('name days of the month or days of the week, not both; make two schedules instead');
  }
  return comesDue(times)
    ? { ok: true, times }
    : refused('no month it names has such a day, so it would never come due');
}

function refused(reason: string): ReadCron {
  return { ok: false, reason };
}

function comesDue({ days, months }: CronTimes): boolean {
  const earliest = Math.min(...days);
  return [...months].some((month) => earliest <= (monthDays[month - 1] ?? 0));
}

/** The values a field names, or what is wrong with it. */
function readField(rule: FieldRule, text: string): number[] | string {
  const values: number[] = [];
  for (const part of text.split(',')) {
    const read = readPart(rule, part);
    if (typeof read === 'string') return read;
    values.push(...read);
  }
  return values;
}

function readPart(rule: FieldRule, part: string): number[] | string {
  const { name, min, max } = rule;
  const groups = /^(?:(?<all>\*)|(?<from>\w{1,3})(?:-(?<to>\w{1,3}))?)(?:\/(?<step>\d{1,2}))?$/.exec(part)?.groups;
  if (groups === undefined) return `${name}: ${JSON.stringify(part.slice(0, 20))} is no value, range or step`;
  const step = Number(groups['step'] ?? 1);
  if (step === 0) return `${name}: a step of 0 leads nowhere`;
  const first = groups['all'] === undefined ? readValue(rule, groups['from'] ?? '') : min;
  const last = lastValue(rule, groups, first);
  if (Number.isNaN(first) || Number.isNaN(last)) return `${name}: ${JSON.stringify(part)} is not from ${min} to ${max}`;
  if (last < first) return `${name}: ${JSON.stringify(part)} runs backwards`;
  const count = Math.floor((last - first) / step) + 1;
  return Array.from({ length: count }, (_, index) => first + index * step);
}

/** `a-b` ends at b; `*` and `a/n` at the last value there is; `a` at itself. */
function lastValue(rule: FieldRule, groups: Record<string, string>, first: number): number {
  if (groups['to'] !== undefined) return readValue(rule, groups['to']);
  if (groups['all'] !== undefined || groups['step'] !== undefined) return rule.names[0] === 'sun' ? 6 : rule.max;
  return first;
}

/** NaN for what is no value of the field. */
function readValue({ min, max, names }: FieldRule, text: string): number {
  const place = names.findIndex((name) => name === text.toLowerCase());
  if (place >= 0) return place + (names[0] === 'sun' ? 0 : 1);
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : Number.NaN;
}
