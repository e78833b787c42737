/** A version as numbers, most significant first. */
export type Version = readonly [number, number, number];

/** The first version in a text such as `redis-server v=7.0.15`, undefined when there is none. */
export function parseVersion(text: string): Version | undefined {
  const match = /(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether a version is the other or newer. */
export function isAtLeast(version: Version, least: Version): boolean {
  for (const [index, part] of version.entries()) {
    const other = least[index] ?? 0;
    if (part !== other) return part > other;
  }
  return true;
}

/** A version as people write it. */
export function formatVersion(version: Version): string {
  return version.join('.');
}
