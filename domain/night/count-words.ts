import { formatBytes } from '../format-bytes.ts';
import type { PhaseOutcome } from './run.ts';

/** Counts whose names say too little; an empty text stands for what was only looked at. */
const countTexts: Readonly<Record<string, string>> = {
  vectors: '',
  keysUnknown: '',
  endsGiven: 'keys were given an end',
  expired: 'memories had had their time',
  orphaned: 'memories belonged to nothing',
  leastValuable: 'memories of the least value made room',
};

/** Counts in words, without those of nothing: `keysDeleted: 3` is "3 keys deleted". */
export function countsInWords(counts: PhaseOutcome['counts']): string[] {
  const some = Object.entries(counts).filter(([name, count]) => count > 0 && countTexts[name] !== '');
  return some.map(([name, count]) => {
    const words = countTexts[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return words.startsWith('bytes ') ? `${formatBytes(count)} ${words.slice(6)}` : `${count} ${words}`;
  });
}
