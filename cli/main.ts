import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Command } from 'commander';
import { z } from 'zod';

import { parseConfig, parseHome } from '../domain/config/parse.ts';
import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { loadEnvironment, withHome } from '../infra/environment.ts';
import { readNodeKey } from '../infra/node-key.ts';
import type { CliDeps } from './command.ts';
import { addApprovalsCommand } from './commands/approvals.ts';
import { addAuditCommand } from './commands/audit.ts';
import { addChatCommand } from './commands/chat.ts';
import { addCodesCommand } from './commands/codes.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDreamCommand } from './commands/dream.ts';
import { addDownCommand } from './commands/down.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addModelsCommand } from './commands/models.ts';
import { addPanicCommand } from './commands/panic.ts';
import { addReportCommand } from './commands/report.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addSkillsCommand } from './commands/skills.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTestCommand } from './commands/test.ts';
import { addUnlockCommand } from './commands/unlock.ts';
import { addUpCommand } from './commands/up.ts';
import { createOutput } from './output.ts';
import { createProgram, runProgram } from './program.ts';
import { createReaderGone } from './reader-gone.ts';
import { createInterruption } from './signals.ts';
import { neverStarted, wasStarted } from './started-home.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const interrupted = createInterruption(process);
const readerGone = createReaderGone(process.stdout);
/** Whatever a command reads of it, the home is the same. */
const processEnvironment = withHome(process.env);
let config: Config | undefined;
let exitCode = 0;

/** The key of the home; where nothing ever was, there is none to restore. */
function nodeKeyOf(checked: Config): KeyObject {
  const paths = homePaths(checked);
  if (wasStarted(paths)) return readNodeKey(paths.nodeKey);
  throw neverStarted(paths);
}

const deps: CliDeps = {
  root,
  processEnvironment,
  environment: () => loadEnvironment(processEnvironment),
  config: () => (config ??= parseConfig(loadEnvironment(processEnvironment))),
  paths: () => homePaths(parseHome(processEnvironment)),
  output: createOutput({
    stdout: process.stdout,
    stderr: process.stderr,
    isVerbose: /^(debug|trace)$/i.test(process.env['LOG_LEVEL'] ?? ''),
    isPlain: (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb',
  }),
  async ownerPorts(checked) {
    const paths = homePaths(checked);
    if (!wasStarted(paths)) throw neverStarted(paths);
    const { createOwnerPorts } = await import('../adapters/index.ts');
    return await createOwnerPorts(checked, () => readNodeKey(paths.nodeKey));
  },
  async auditReader(checked) {
    const { createAuditReader } = await import('../adapters/audit-file-reader.ts');
    return createAuditReader(homePaths(checked).audit, createPublicKey(nodeKeyOf(checked)));
  },
  async reports(checked) {
    const { createReportReader } = await import('../adapters/night/report-files.ts');
    const publicKey = createPublicKey(nodeKeyOf(checked));
    return createReportReader({ dir: homePaths(checked).reports, publicKey, now: Date.now });
  },
  async skillTools(checked) {
    const { createSkillTools } = await import('../adapters/skill-tools.ts');
    const { nodeKey } = homePaths(checked);
    return createSkillTools({
      config: checked,
      environment: process.env,
      publicKey: () => (existsSync(nodeKey) ? createPublicKey(readNodeKey(nodeKey)) : undefined),
    });
  },
  interrupted,
  following: () => AbortSignal.any([interrupted(), readerGone()]),
  setExitCode(code) {
    exitCode = code;
  },
};

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')));
const program = createProgram(version);
const commands: ((program: Command, deps: CliDeps) => void)[] = [
  addUpCommand,
  addDownCommand,
  addStatusCommand,
  addDoctorCommand,
  addChatCommand,
  addLogsCommand,
  addConfigCommand,
  addAuditCommand,
  addPanicCommand,
  addUnlockCommand,
  addCodesCommand,
  addApprovalsCommand,
  addSkillsCommand,
  addReportCommand,
  addRunsCommand,
  addDreamCommand,
  addModelsCommand,
  addTestCommand,
];
for (const add of commands) {
  add(program, deps);
}

const failure = await runProgram(program, process.argv.slice(2), deps.output);
process.exitCode = failure ?? exitCode;
