import type { z } from 'zod';

import { TalosError } from '../errors.ts';
import { settingGroups } from './schema.ts';
import { type SettingMeta, settingRegistry } from './setting.ts';

type Groups = typeof settingGroups;
type Values = {
  [G in keyof Groups]: { [K in keyof Groups[G]]: Groups[G][K] extends z.ZodType ? z.output<Groups[G][K]> : never };
};

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Ports Talos itself listens on, after TALOS_PORT_BASE. */
export type Ports = {
  readonly web: number;
  readonly registry: number;
  readonly peers: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly temporalMetrics: number;
  readonly chroma: number;
  readonly ollama: number;
};

/** The checked configuration: paths and ports are resolved, everything else as in the schema. */
export type Config = Values & { readonly ports: Ports };

const defaultPorts: Ports = {
  web: 8080,
  registry: 8765,
  peers: 8766,
  temporal: 7233,
  temporalUi: 8233,
  temporalMetrics: 9233,
  chroma: 8767,
  ollama: 11_435,
};

/** One thing wrong in the configuration, with a value that would be right. */
export type ConfigProblem = { readonly variable: string; readonly problem: string; readonly example: string };

/** Reads the configuration, or says everything that is wrong with it. Blank counts as unset. */
export function readConfig(env: Environment): { config: Config } | { problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const groups = Object.entries(settingGroups).map(([group, settings]) => [group, readGroup(settings, env, problems)]);
  if (problems.length > 0) return { problems };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every key was just parsed by its own schema
  return { config: resolve(Object.fromEntries(groups) as Values) };
}

/** As readConfig, but throws CONFIG_INVALID with a line per problem. */
export function parseConfig(env: Environment): Config {
  const result = readConfig(env);
  if ('config' in result) return result.config;
  const lines = result.problems.map((p) => `${p.variable} ${p.problem}, for example ${p.variable}=${p.example}`);
  throw new TalosError('CONFIG_INVALID', lines.join('\n'), { details: { field: result.problems[0]?.variable ?? '' } });
}

/** Where everything lies, whatever else is wrong with the configuration; only the environment of the process decides that. */
export function parseHome({ HOME, TALOS_HOME }: Environment): Pick<Config, 'home'> {
  return parseConfig({ HOME, TALOS_HOME });
}

function readGroup(
  settings: Record<string, z.ZodType>,
  env: Environment,
  problems: ConfigProblem[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(settings)) {
    const meta = settingRegistry.get(schema);
    if (meta === undefined) throw new Error(`setting ${key} is not registered`);
    const { text, clash } = readVariable(meta, env);
    if (clash !== undefined) problems.push(clash);
    const result = schema.safeParse(text);
    if (result.success) values[key] = meta.path === undefined ? result.data : expandHome(result.data, env);
    else
      problems.push({
        variable: meta.env,
        problem: result.error.issues[0]?.message ?? 'is not valid',
        example: meta.example,
      });
  }
  return values;
}

/** The text of a variable under its name or its other name. */
function readVariable(
  { env: name, alias, example }: SettingMeta,
  env: Environment,
): { text: string | undefined; clash?: ConfigProblem } {
  const text = env[name]?.trim() || undefined;
  const other = alias === undefined ? undefined : env[alias]?.trim() || undefined;
  if (text === undefined || other === undefined || text === other) return { text: text ?? other };
  return {
    text,
    clash: { variable: name, problem: `differs from ${alias}, its other name; set one of them`, example },
  };
}

function expandHome(path: unknown, env: Environment): unknown {
  if (typeof path !== 'string' || !path.startsWith('~/')) return path;
  return (env['HOME'] ?? '').replace(/\/+$/, '') + path.slice(1);
}

function resolve(values: Values): Config {
  return { ...values, ports: resolvePorts(values) };
}

function resolvePorts(values: Values): Ports {
  const base = values.home.portBase;
  const ports = base === undefined ? defaultPorts : shiftPorts(base);
  return {
    ...ports,
    web: values.web.port ?? ports.web,
    temporal: values.temporal.port ?? ports.temporal,
    temporalUi: values.temporal.uiPort ?? ports.temporalUi,
    chroma: values.chroma.port ?? ports.chroma,
    ollama: values.models.ollamaPort ?? ports.ollama,
  };
}

function shiftPorts(base: number): Ports {
  return {
    web: base,
    registry: base + 1,
    peers: base + 2,
    temporal: base + 3,
    temporalUi: base + 4,
    temporalMetrics: base + 5,
    chroma: base + 6,
    ollama: base + 7,
  };
}
