const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** An amount of bytes in the unit that suits it, such as 3.1 MB; a thousand of one are the next. */
export function formatBytes(bytes: number): string {
  const place = Math.min(Math.floor(Math.log10(Math.max(1, bytes)) / 3), units.length - 1);
  const amount = bytes / 1000 ** place;
  const digits = place > 0 && amount < 10 ? 1 : 0;
  return `${amount.toFixed(digits)} ${units[place] ?? 'B'}`;
}
