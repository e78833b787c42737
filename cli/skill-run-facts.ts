import type { EgressAttempt, SandboxResources } from '../domain/sandbox/run.ts';
import type { SkillRunRecord, SkillRunResult } from '../domain/skills/run.ts';
import { plainLine, plainText } from './plain-text.ts';

/** Everything there is to know of a run but what went in and came out, in lines. */
export function runFacts({ key, state, inputBy, retryOf, result }: SkillRunRecord): string[] {
  const about = [fact('run', key), fact('state', state), fact('input by', inputBy), fact('retry of', retryOf)];
  return [...about, ...(result === undefined ? [] : resultFacts(result))].filter((line) => line !== undefined);
}

function resultFacts({
  verdict,
  blame,
  error,
  driver,
  resources,
  egress,
  log,
}: SkillRunResult): (string | undefined)[] {
  return [
    fact('verdict', verdict),
    fact('blame', blame),
    fact('why', error && plainLine(error.message, 500)),
    fact('sandbox', driver),
    fact('used', resources && describeUse(resources)),
    ...egress.map((attempt) => fact('asked', describeAttempt(attempt))),
    fact('log', log === '' ? undefined : `\n${plainText(log)}`),
  ];
}

function fact(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${name.padEnd(9)} ${value}`;
}

function describeUse({ wallMs, cpuMs, peakBytes }: SandboxResources): string {
  const used = [
    `${Math.round(wallMs)} ms`,
    ...(cpuMs === undefined ? [] : [`${Math.round(cpuMs)} ms of processor time`]),
    ...(peakBytes === undefined ? [] : [`${Math.ceil(peakBytes / 1024 ** 2)} MiB`]),
  ];
  return used.join(', ');
}

function describeAttempt({ host, method, allowed, status, reason = '' }: EgressAttempt): string {
  const outcome = allowed ? `allowed ${status ?? ''}` : 'REFUSED';
  return plainLine(`${method} ${host} ${outcome} ${reason}`, 300);
}
