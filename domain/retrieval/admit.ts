import { scanUntrusted } from '../firewall/scan.ts';
import type { MemoryMatch } from './memory.ts';

/** Memories that may be shown to a model, and how many the firewall kept out. */
export type Admission<Match> = { readonly admitted: Match[]; readonly flagged: number };

/** Scans memories anew on their way into a prompt: they may have been stored before a rule existed, or by somebody else. */
export function admitMemories<Match extends MemoryMatch>(matches: readonly Match[]): Admission<Match> {
  const admitted = matches.filter((match) => scanUntrusted(match.text).kind === 'allow');
  return { admitted, flagged: matches.length - admitted.length };
}
