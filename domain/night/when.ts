import type { NightWhen } from './run.ts';

/** When the nightly maintenance is due, in a few words. */
export function describeNightWhen({ hour, minute, zone }: NightWhen): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `every day at ${two(hour)}:${two(minute)} ${zone}`;
}

/** A zone that a clock elsewhere knows as well: machines without one, or with one of their own making, go by UTC. */
export function knownZone(zone: string | undefined): string {
  return zone === undefined || zone === '' || zone.startsWith('Etc/Unknown') ? 'UTC' : zone;
}
