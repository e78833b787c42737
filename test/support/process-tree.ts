import { readdirSync, readFileSync } from 'node:fs';

/** The children of a process whose command line holds a text. */
export function childrenOf(parent: number, text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) =>
      read(`/proc/${pid}/stat`)
        .replace(/^.*\) \S+ /, '')
        .startsWith(`${parent} `),
    )
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes(text));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
