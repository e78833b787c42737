/** So many lines of a kind are shown on the one screen; the JSON has all. */
const mostLines = 6;

/** The first lines of a kind; where there are more, the last one says how many. */
export function few(lines: readonly string[]): string[] {
  if (lines.length <= mostLines) return [...lines];
  return [...lines.slice(0, mostLines - 1), `and ${lines.length - mostLines + 1} more; all of it: talos report --json`];
}
