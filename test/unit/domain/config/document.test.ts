import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

import { describe, expect, it } from 'vitest';

import { renderEnvExample, renderReference, settingRows } from '../../../../domain/config/document.ts';
import { readConfig } from '../../../../domain/config/parse.ts';

const rows = settingRows().flatMap((group) => group.rows);

/** What the README of the product promises to be configurable. */
const promised = [
  'GEMINI_API_KEY',
  'BASIC_AUTH_USER',
  'BASIC_AUTH_PASS',
  'TRUST_LEVEL',
  'REDIS_MAX_MEMORY',
  'REDIS_MAX_MEMORY_POLICY',
  'CHROMADB_MAX_VECTORS',
  'VRAM_MUTEX_TIMEOUT',
  'LOG_LEVEL',
  'GEMINI_MODEL',
  'GEMINI_FALLBACK_MODEL',
  'GEMINI_MAX_TOKENS_PER_DAY',
  'GEMINI_MAX_TOKENS',
  'WEB_PORT',
  'WEB_BIND',
  'DASHBOARD_AUTO_OPEN',
  'STRIKE_THRESHOLD',
  'SKILL_MAX_SIZE_BYTES',
  'PROMPT_MAX_LENGTH',
  'SOCKET_PROXY_URL',
  'TELEGRAM_BOT_TOKEN',
  'DISCORD_BOT_TOKEN',
  'DREAM_CYCLE_HOUR',
  'DREAM_CYCLE_MINUTE',
  'BACKUP_RETENTION_DAYS',
];

describe('configuration documents', () => {
  it.each([
    ['.env.example', renderEnvExample],
    ['docs/configuration.md', renderReference],
  ])('%s is what the schema says (else run: ./talos config docs --write)', (file, render) => {
    const stored = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
    expect(stored).toBe(render());
  });

  it('knows every promised variable, each once', () => {
    const variables = rows.map((row) => row.env);
    expect(new Set(variables).size).toBe(variables.length);
    expect(promised.filter((variable) => !variables.includes(variable))).toEqual([]);
  });

  it('marks everything secret that looks so', () => {
    const unmarked = rows.filter((row) => /PASS|TOKEN$|API_KEY|REDIS_URL/.test(row.env) && row.secret !== true);
    expect(unmarked.map((row) => row.env)).toEqual([]);
  });

  it('shows defaults that change nothing when they are written down', () => {
    const home = { HOME: '/home/ada' };
    const own = rows.filter((row) => row.fallback === undefined).map((row) => [row.env, row.default]);
    const ports = rows.filter((row) => row.env.endsWith('_PORT')).map((row) => [row.env, row.default]);
    expect(expectConfig({ ...home, ...Object.fromEntries(own) })).toEqual(expectConfig(home));
    expect(expectConfig(Object.fromEntries(ports)).config.ports).toEqual(expectConfig({}).config.ports);
  });

  it('gives an example file that is valid, also with every line in force', () => {
    const all = renderEnvExample().replaceAll(/^#(?=[A-Z])/gm, '');
    const env = parseEnv(all);
    expect(Object.keys(env).toSorted()).toEqual(rows.map((row) => row.env).toSorted());
    expect(readConfig(env)).toHaveProperty('config');
    expect(parseEnv(renderEnvExample())).toEqual({});
  });

  it('shows the ports as they are', () => {
    const shifted = expectConfig({ TALOS_PORT_BASE: '20000' }).config.ports;
    const standard = expectConfig({}).config.ports;
    const table = [...renderReference().matchAll(/^\| [^|]+ \| (\d+) \| B(?: \+ (\d+))? \|$/gm)];
    expect(table.map((row) => Number(row[1]))).toEqual(Object.values(standard));
    expect(table.map((row) => 20000 + Number(row[2] ?? 0))).toEqual(Object.values(shifted));
  });
});

function expectConfig(env: Record<string, string>) {
  const result = readConfig(env);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result;
}
