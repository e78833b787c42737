import type { AuditReader } from '../domain/audit/reader.ts';
import type { Config, Environment } from '../domain/config/parse.ts';
import type { HomePaths } from '../domain/config/paths.ts';
import type { ReportReader } from '../domain/night/ports.ts';
import type { OwnerPorts } from '../domain/ports.ts';
import type { SkillTools } from '../domain/skills/local-tools.ts';

/** Where a command writes. Nothing else in `cli/` prints. */
export interface Output {
  /** Whether a person watches stdout. */
  readonly isTerminal: boolean;
  /** A line on stdout: what the command was asked for. */
  line(text?: string): void;
  /** Text on stdout without a line end, for streamed answers. */
  write(text: string): void;
  /** A line on stderr: what the command is doing, warnings. */
  note(text: string): void;
  /** A note that stands back behind the rest, where stderr can show that. */
  aside(text: string): void;
  /** Columns aligned under their headings. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  json(value: unknown): void;
  /** One updating line per name on a terminal, plain lines otherwise. `done` leaves the line as it is. */
  progress(name: string, text: string, options?: { fraction?: number; done?: boolean }): void;
  /** Prints an error as a person can use it and returns the exit code of its kind. */
  fail(thrown: unknown): number;
}

/** What every command gets. A command throws TalosError; main prints it and exits with the code of its kind. */
export type CliDeps = {
  /** The folder of the program. */
  readonly root: string;
  /** The environment of this process alone, without `talos.env`. */
  readonly processEnvironment: Environment;
  /** The process environment over `TALOS_HOME/config/talos.env`. Fails with CONFIG_INVALID when that file cannot be used. */
  environment(): Environment;
  /** The checked configuration, read once. Fails with CONFIG_INVALID. */
  config(): Config;
  /** Where everything of this home lies. Needs no valid configuration: what runs must be stopped although somebody mistyped a setting. */
  paths(): HomePaths;
  readonly output: Output;
  ownerPorts(config: Config): Promise<OwnerPorts>;
  /** Reads and verifies the audit log of this home; nothing has to run for that. */
  auditReader(config: Config): Promise<AuditReader>;
  /** Reads and checks the reports of this home; nothing has to run for that. */
  reports(config: Config): Promise<ReportReader>;
  /** Reads, runs and checks skills in this process. */
  skillTools(config: Config): Promise<SkillTools>;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP; a further Ctrl-C ends the process. Until it is called, signals end the process at once. */
  interrupted(): AbortSignal;
  /** As `interrupted`, and aborted once nobody reads standard output any more; for what goes on until Ctrl-C. */
  following(): AbortSignal;
  /** The code the process ends with when no error is thrown; 0 until set. */
  setExitCode(code: number): void;
};
