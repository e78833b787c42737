import { availableParallelism } from 'node:os';

import type { Command } from 'commander';

import { TalosError } from '../../../domain/errors.ts';
import type { Sandbox } from '../../../domain/skills/ports.ts';
import { scriptedPowers } from '../../../domain/skills/case-replies.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import type { EvalCase } from '../../../domain/skills/cases.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { scanBundle } from '../../../domain/skills/scan.ts';
import type { CliDeps } from '../../command.ts';
import { plainLine } from '../../plain-text.ts';
import { readSkillOrKnown } from '../../skill-source.ts';
import type { SkillTools } from '../../../domain/skills/local-tools.ts';

const examples = `
Runs every case in a sandbox of its own, as quarantine will. Ends with 0 when all pass and with 70 when one does not. Calls of the skill
to hosts, memory, tools and folders are answered by the replies of the case; nothing leaves this machine.

Examples:
  talos skills test hello
  talos skills test hello --json`;

/** What came of one case. */
type CaseResult = {
  readonly case: string;
  readonly verdict: string;
  readonly pass: boolean;
  readonly wallMs: number;
  readonly reason?: string;
  readonly log: string;
};

/** `talos skills test`: runs the cases of a skill in the sandbox, in this process. */
export function addSkillTest(skills: Command, deps: CliDeps): void {
  skills
    .command('test')
    .description('run the cases of a skill in the sandbox')
    .argument('<skill>', 'a folder, an archive, or the name of a skill that was handed in')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', examples)
    .action(async (source: string, options: { json?: true }) => {
      const { bundle, results } = await testSkill(source, deps);
      const findings = scanBundle(bundle);
      if (options.json === true) {
        deps.output.json({ skill: bundle.manifest.id, hash: bundle.hash, findings, cases: results });
      } else printResults(results, findings, deps);
      const failed = results.filter(({ pass }) => !pass).length;
      if (failed > 0) throw new TalosError('SKILL_FAILED', `${failed} of ${results.length} cases failed.`);
    });
}

async function testSkill(source: string, deps: CliDeps): Promise<{ bundle: SkillBundle; results: CaseResult[] }> {
  const tools = await deps.skillTools(deps.config());
  const signal = deps.interrupted();
  const sandbox = await tools.sandbox('remembered');
  try {
    const [bundle] = await Promise.all([readSkillOrKnown(source, deps), sandbox.prove(signal)]);
    const results = await inParallel(bundle.cases, (evalCase) => {
      if (signal.aborted) throw new TalosError('RUN_STOPPED', 'The test was stopped before all cases had run.');
      return runCase({ bundle, evalCase }, { tools, sandbox, signal });
    });
    return { bundle, results };
  } finally {
    await sandbox.close();
  }
}

/** Results in the order of what was given, as many at a time as there are cores: each case has a sandbox of its own. */
async function inParallel<T, R>(given: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = given.entries();
  const lanes = Array.from({ length: Math.min(availableParallelism(), given.length) }, async () => {
    for (const [index, one] of waiting) results[index] = await work(one);
  });
  await Promise.all(lanes);
  return results;
}

type Place = { readonly tools: SkillTools; readonly sandbox: Sandbox; readonly signal: AbortSignal };

async function runCase(
  { bundle, evalCase }: { bundle: SkillBundle; evalCase: EvalCase },
  { tools, sandbox, signal }: Place,
): Promise<CaseResult> {
  const { files, manifest } = bundle;
  const { language, entry, limits } = manifest;
  const report = await sandbox.run(
    { runId: `test-${evalCase.id}`, language, files, entry, input: evalCase.input, limits, until: 'whole' },
    scriptedPowers(evalCase.replies ?? []),
    signal,
  );
  const { verdict, output, log, resources } = report;
  const ran = { case: evalCase.id, wallMs: Math.round(resources.wallMs), log };
  if (verdict !== 'ok' || output === undefined) {
    return { ...ran, verdict, pass: false, ...(report.reason !== undefined && { reason: report.reason }) };
  }
  const [problem] = tools.checkValue(manifest.output, output);
  if (problem !== undefined) return { ...ran, verdict: 'invalid-output', pass: false, reason: problem };
  const judgement = judgeCase(evalCase, output);
  return judgement.pass
    ? { ...ran, verdict, pass: true }
    : { ...ran, verdict: 'invalid-output', pass: false, reason: judgement.reason };
}

function printResults(results: readonly CaseResult[], findings: readonly string[], { output }: CliDeps): void {
  output.table(
    ['CASE', 'RESULT', 'VERDICT', 'MS', 'WHY'],
    results.map(({ case: name, pass, verdict, wallMs, reason = '' }) => [
      name,
      pass ? 'pass' : 'FAIL',
      verdict,
      String(wallMs),
      plainLine(reason, 200),
    ]),
  );
  for (const { case: name, log } of results.filter((result) => !result.pass && result.log !== '')) {
    output.note(`${name} logged: ${plainLine(log.slice(-1000), 500)}`);
  }
  for (const finding of findings) output.note(`finding: ${plainLine(finding, 300)}`);
}
