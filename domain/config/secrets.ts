import type { Config } from './parse.ts';
import { settingGroups } from './schema.ts';
import { settingRegistry } from './setting.ts';

/** The values of all secret settings that are set, so that a log can hide them wherever they show. */
export function secretValues(config: Config): string[] {
  const groups: [string, object][] = Object.entries(config);
  const values = new Map(
    groups.map(([group, settings]) => [group, new Map<string, unknown>(Object.entries(settings))]),
  );
  return Object.entries(settingGroups).flatMap(([group, settings]) =>
    Object.entries(settings).flatMap(([key, schema]) => {
      const value = values.get(group)?.get(key);
      return settingRegistry.get(schema)?.secret === true && typeof value === 'string' ? [value] : [];
    }),
  );
}
