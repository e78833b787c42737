import type { ModelPull } from '../domain/models/pull.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { formatAge } from './format-age.ts';
import { plainLine } from './plain-text.ts';

/** How far a pull is, without its percent: size, and in brackets what changes all the time. */
export function pullText({ step, totalBytes, completedBytes, bytesPerSecond, etaSeconds, error }: ModelPull): string {
  if (step === 'waiting') return error === undefined ? 'asking' : `waiting: ${plainLine(error.message)}`;
  if (step === 'verifying') return `${formatBytes(totalBytes)}, checking what came`;
  const details = [
    `${formatBytes(completedBytes)} came`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(etaSeconds === undefined ? [] : [`${formatAge(etaSeconds * 1000)} left`]),
  ];
  return `${formatBytes(totalBytes)} (${details.join(', ')})`;
}

/** The same for a table or a finding: percent, rate and time left on one line. */
export function pullLine(pull: ModelPull): string {
  return pull.step === 'waiting' ? `${pull.percent} %, ${pullText(pull)}` : `${pull.percent} % of ${pullText(pull)}`;
}
