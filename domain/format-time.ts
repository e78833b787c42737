/** A moment as a clock and a calendar in a time zone show it, such as Thu 2026-11-26 08:00. */
export function formatTime(ms: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const weekday = new Intl.DateTimeFormat('en', { weekday: 'short', ...zone }).format(ms);
  return `${weekday} ${new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'short', ...zone }).format(ms)}`;
}
