import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { Sandbox, SkillPowers } from '../../domain/skills/ports.ts';
import { parseAnswer } from '../../domain/sandbox/answer.ts';
import type { Finding } from '../../domain/sandbox/classify.ts';
import type { SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';

/** What a skill of the twin may do beside computing. */
export type ScriptedContext = {
  readonly log: (line: string) => void;
  readonly call: (power: Parameters<SkillPowers['call']>[0], input: JsonValue) => Promise<JsonValue>;
};

/** What stands for the code of a skill: it gives its output, throws as the skill would, or never settles. */
export type Script = (input: JsonValue, context: ScriptedContext) => unknown;

type Ruling = Finding | { readonly verdict: 'ok'; readonly output: JsonValue };

/**
 * Runs no code: it looks up what to do by the text of a skill's entry. Whoever knows no script for it gets an `exception`. Processes,
 * files and networks are not there to be denied.
 */
export function createMemorySandbox(scripts: ReadonlyMap<string, Script>): Sandbox {
  let isProven = false;
  const closing = new AbortController();
  return {
    async prove() {
      isProven = true;
      return { driver: 'bubblewrap', version: 'in memory', limits: 'rlimits', contained: [] };
    },

    async run(request, powers, signal) {
      if (!isProven || closing.signal.aborted)
        throw new TalosError(
          'SANDBOX_UNAVAILABLE',
          'The sandbox in memory has not been proven, so nothing runs in it.',
        );
      return await runScript(request, scripts, { powers, signal: AbortSignal.any([signal, closing.signal]) });
    },

    async close() {
      closing.abort();
    },
  };
}

async function runScript(
  request: SandboxRequest,
  scripts: ReadonlyMap<string, Script>,
  { powers, signal }: { powers: SkillPowers; signal: AbortSignal },
): Promise<SandboxReport> {
  const startedAt = performance.now();
  const lines: string[] = [];
  const ending = new AbortController();
  const context: ScriptedContext = {
    log: (line) => void lines.push(line),
    call: (power, input) => powers.call(power, input, ending.signal),
  };
  const { promise: ruling, resolve: rule } = Promise.withResolvers<Ruling>();
  const { timeoutMs } = request.limits;
  const timer = setTimeout(
    () => rule({ verdict: 'timeout', reason: `it took longer than ${timeoutMs} ms` }),
    timeoutMs,
  );
  const cancel = (): void => rule({ verdict: 'cancelled', reason: 'the run was cancelled' });
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  else void perform(request, scripts, context).then(rule);
  const outcome = await ruling;
  clearTimeout(timer);
  signal.removeEventListener('abort', cancel);
  ending.abort();
  const resources = { wallMs: performance.now() - startedAt };
  return { ...outcome, log: lines.join('\n').slice(-65_536), resources, driver: 'bubblewrap' };
}

async function perform(
  { files, entry, input, limits }: SandboxRequest,
  scripts: ReadonlyMap<string, Script>,
  context: ScriptedContext,
): Promise<Ruling> {
  let text: string | undefined;
  try {
    const script = scripts.get(files[entry] ?? '');
    if (script === undefined) throw new Error('there is no script for this skill');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type leaves out that it gives nothing for what JSON has no word for
    text = JSON.stringify(await script(structuredClone(input), context)) as string | undefined;
  } catch (error) {
    return faultOf(error);
  }
  if (text === undefined) return { verdict: 'invalid-output', reason: 'it returned nothing JSON has a word for' };
  if (Buffer.byteLength(text) > limits.outputBytes)
    return { verdict: 'output-limit', reason: `its answer has more than ${limits.outputBytes} bytes` };
  const answer = parseAnswer(text);
  return 'refused' in answer ? { verdict: 'invalid-output', reason: answer.refused } : { verdict: 'ok', ...answer };
}

function faultOf(error: unknown): Finding {
  const reason = String(error);
  return {
    verdict: error instanceof TalosError && error.code === 'PERMISSION_DENIED' ? 'network-denied' : 'exception',
    reason,
  };
}
