import { Command, CommanderError } from 'commander';

import type { Output } from './command.ts';

/** Exit code for a command line that cannot be understood, as in sysexits(3). */
const usage = 64;

/** The command line without its verbs: help, suggestions for typing errors, one form of error. */
export function createProgram(version: string): Command {
  return new Command('talos')
    .description('A local-first agent: answers, remembers, and earns the skills it uses.')
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(talos --help lists the commands)')
    .helpCommand('help [command]', 'say more about a command')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'talos: ')) })
    .configureHelp({ sortSubcommands: false })
    .exitOverride();
}

/** `help skills approve` is `skills approve --help`: by itself the help command knows only the first of several names. */
function asAsked(program: Command, [first, ...names]: readonly string[]): string[] {
  if (first !== 'help' || names.length < 2) return first === undefined ? [] : [first, ...names];
  let place = program;
  for (const name of names) {
    if (place.commands.length === 0) break;
    const found = place.commands.find((one) => one.name() === name || one.aliases().includes(name));
    if (found === undefined) return names; // none of this name, which the command above it says
    place = found;
  }
  return [...names, '--help'];
}

/** Runs the command line; resolves with the exit code of a failure, or undefined when the command said nothing of it. */
export async function runProgram(
  program: Command,
  words: readonly string[],
  output: Output,
): Promise<number | undefined> {
  try {
    await program.parseAsync(asAsked(program, words), { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) return output.fail(error);
    const isHelp = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    return isHelp || (error.code === 'commander.help' && error.exitCode === 0) ? undefined : usage;
  }
}
