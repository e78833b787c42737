import { type Command, InvalidArgumentError, Option } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import { describeWhen, EveryMinutes } from '../../../domain/skills/schedule.ts';
import type { ScheduleView } from '../../../domain/skills/schedule-view.ts';
import type { CliDeps } from '../../command.ts';
import { formatTime } from '../../format-time.ts';
import { plainLine } from '../../plain-text.ts';
import { createSchedulesClient } from '../../schedules-client.ts';
import { readSkillInput } from '../../skill-input.ts';
import type { ChatInput } from '../chat.ts';

const setHelp = `
A cron line has five fields: minute hour day month weekday. What was due while Talos was not running starts up to ten minutes late;
after that it is skipped, and the list of schedules says so.

Examples:
  talos skills schedule csv-summary --cron "0 8 * * *" --input @table.json --name morning
  talos skills schedule csv-summary --cron "0 18 * * mon-fri" --zone Europe/Berlin --input '{"text":"a,b"}'
  talos skills schedule web-page-to-text --every 30 --input '{"url":"https://example.org/"}'`;

type SetOptions = {
  readonly cron?: string;
  readonly zone?: string;
  readonly every?: number;
  readonly input?: string;
  readonly name?: string;
  readonly note?: string;
  readonly json?: true;
};

/** `talos skills schedule`, `schedules`, `pause`, `resume` and `unschedule`: runs of skills at certain times. */
export function addSkillSchedules(skills: Command, deps: CliDeps, input: ChatInput): void {
  addSchedule(skills, deps, input);
  addSchedules(skills, deps);
  addHalts(skills, deps);
  addUnschedule(skills, deps);
}

function addSchedule(skills: Command, deps: CliDeps, input: ChatInput): void {
  skills
    .command('schedule')
    .description('run an active skill at certain times; the same name again changes the schedule')
    .argument('<id>', 'the name of the skill')
    .option('--cron <line>', 'when, by the clock: minute hour day month weekday')
    .option('--zone <name>', 'the time zone of that clock; the one of this machine when left out')
    .addOption(
      new Option('--every <minutes>', 'or again and again after so many minutes')
        .argParser(parseMinutes)
        .conflicts('cron'),
    )
    .option('--input <json>', 'its input each time: JSON, @file, or - for standard input')
    .option('--name <name>', 'what the schedule is called; by its times when left out')
    .option('--note <text>', 'what it is for')
    .option('--json', 'print the schedule as JSON')
    .addHelpText('after', setHelp)
    .action(async (id: string, { input: given, every, json, ...rest }: SetOptions) => {
      if (every === undefined && rest.cron === undefined) throw untimed();
      const value = await readSkillInput(given, input);
      const wanted = { ...rest, input: value, ...(every !== undefined && { everyMinutes: every }) };
      const schedule = await client(deps).set(id, wanted);
      if (json === true) return deps.output.json(schedule);
      tellSchedule(schedule, deps);
    });
}

function parseMinutes(text: string): number {
  const minutes = EveryMinutes.safeParse(text.trim() === '' ? Number.NaN : Number(text));
  if (minutes.success) return minutes.data;
  throw new InvalidArgumentError(minutes.error.issues[0]?.message ?? 'must be a number of minutes');
}

function untimed(): TalosError {
  return new TalosError('VALIDATION_FAILED', 'Say when: --cron, such as "0 8 * * *", or --every, such as 30.');
}

function addSchedules(skills: Command, deps: CliDeps): void {
  skills
    .command('schedules')
    .description('list schedules: when they are due next, and what came of the last time')
    .argument('[id]', 'the name of one skill')
    .option('--json', 'print the list as JSON, with the last ten times')
    .addHelpText('after', '\nExamples:\n  talos skills schedules\n  talos skills schedules csv-summary --json')
    .action(async (id: string | undefined, { json }: { json?: true }) => {
      const found = await client(deps).list(id);
      if (json === true) return deps.output.json(found);
      const { schedules: list, unreadable = [] } = found;
      for (const { problem } of unreadable) deps.output.note(plainLine(problem, 500));
      if (list.length === 0) return deps.output.note('There is none. To make one: talos skills schedule --help');
      deps.output.table(['SKILL', 'NAME', 'WHEN', 'NEXT', 'LAST', 'END', 'WHY'], list.map(rowOf));
    });
}

function addHalts(skills: Command, deps: CliDeps): void {
  const halts = {
    pause: 'let nothing come of a schedule until it is resumed',
    resume: 'let a paused schedule come due again, from now on',
  } as const;
  for (const halt of ['pause', 'resume'] as const) {
    ofOne(skills.command(halt), halts[halt]).action(async (skill: string, name: string, { json }: { json?: true }) => {
      const schedule = await client(deps)[halt](skill, name);
      if (json === true) deps.output.json(schedule);
      else tellSchedule(schedule, deps);
    });
  }
}

/** A command about one schedule. */
function ofOne(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<id>', 'the name of the skill')
    .argument('<name>', 'the name of the schedule, as `skills schedules` shows it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\nExamples:\n  talos skills ${command.name()} csv-summary morning`);
}

function addUnschedule(skills: Command, deps: CliDeps): void {
  ofOne(skills.command('unschedule'), 'remove a schedule; a run that goes on ends by itself').action(
    async (skill: string, name: string, { json }: { json?: true }) => {
      await client(deps).remove(skill, name);
      if (json === true) deps.output.json({ skill, name, removed: true });
      else deps.output.line(`Schedule ${plainLine(name)} of skill ${skill} is removed.`);
    },
  );
}

function client(deps: CliDeps) {
  return createSchedulesClient(homePaths(deps.config()).apiSocket);
}

function tellSchedule(schedule: ScheduleView, { output }: CliDeps): void {
  const { skill, name, when, paused, next } = schedule;
  output.line(`Schedule ${name} of skill ${skill}: ${describeWhen(when)}`);
  if (paused) output.line('It is paused: nothing comes of it until it is resumed.');
  for (const [place, time] of next.entries())
    output.line(`${place === 0 ? 'next' : 'then'}  ${clockOf(schedule, time)}`);
}

/** A moment by the clock the schedule goes by. */
function clockOf({ when }: ScheduleView, time: number): string {
  return 'cron' in when ? `${formatTime(time, when.zone)} ${when.zone}` : formatTime(time);
}

function rowOf(schedule: ScheduleView): string[] {
  const { skill, name, when, paused, next, dueRuns } = schedule;
  const [soonest] = next;
  const [last] = dueRuns;
  return [
    skill,
    name,
    describeWhen(when),
    paused ? 'paused' : soonest === undefined ? 'never' : formatTime(soonest, zoneOf(schedule)),
    last === undefined ? '' : formatTime(last.dueAt, zoneOf(schedule)),
    last?.state ?? '',
    plainLine(last?.why ?? ''),
  ];
}

function zoneOf({ when }: ScheduleView): string | undefined {
  return 'cron' in when ? when.zone : undefined;
}
