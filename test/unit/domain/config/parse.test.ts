import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { settingRows } from '../../../../domain/config/document.ts';
import { type Config, type Environment, parseConfig, readConfig } from '../../../../domain/config/parse.ts';
import { TalosError } from '../../../../domain/errors.ts';

const rows = settingRows().flatMap((group) => group.rows);
const variables = rows.map((row) => row.env);

function configOf(env: Environment): Config {
  const result = readConfig(env);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

function problemsOf(env: Environment) {
  const result = readConfig(env);
  return 'problems' in result ? result.problems : [];
}

describe('reading the configuration', () => {
  it('has a default for everything', () => {
    const config = configOf({ HOME: '/home/ada' });
    expect(config.home).toEqual({
      dir: '/home/ada/talos',
      walletDir: '/home/ada/.talos',
      enginesDir: '/home/ada/.cache/talos/engines',
      portBase: undefined,
    });
    expect(config.ports).toEqual({
      web: 8080,
      registry: 8765,
      peers: 8766,
      temporal: 7233,
      temporalUi: 8233,
      temporalMetrics: 9233,
      chroma: 8767,
      ollama: 11435,
    });
    expect(config.cloud.fallback).toBe('auto');
    expect(config.redis.maxMemoryBytes).toBe(512 * 1024 * 1024);
    expect(config.upkeep.logLevel).toBe('info');
    expect(config.processes.roles).toEqual(['gpu', 'sandbox']);
  });

  it.each(variables)('takes a blank %s for unset', (variable) => {
    const home = { HOME: '/home/ada' };
    expect(configOf({ ...home, [variable]: ' \t' })).toEqual(configOf(home));
  });

  it.each(rows.map((row) => [row.env, row.example]))('takes its own example for %s', (variable, example) => {
    expect(problemsOf({ [variable]: example })).toEqual([]);
  });

  it('reads the daily token limit of Gemini under both its names, and refuses two that differ', () => {
    const limitOf = (env: Environment) => configOf({ HOME: '/home/ada', ...env }).cloud.geminiTokensPerDay;
    expect(limitOf({ GEMINI_DAILY_TOKEN_LIMIT: '7000' })).toBe(7000);
    expect(limitOf({ GEMINI_DAILY_TOKEN_LIMIT: '7000', GEMINI_MAX_TOKENS_PER_DAY: ' ' })).toBe(7000);
    expect(limitOf({ GEMINI_DAILY_TOKEN_LIMIT: '7000', GEMINI_MAX_TOKENS_PER_DAY: '7000' })).toBe(7000);
    const [problem] = problemsOf({ GEMINI_DAILY_TOKEN_LIMIT: '7000', GEMINI_MAX_TOKENS_PER_DAY: '8000' });
    expect(problem?.problem).toContain('differs from GEMINI_DAILY_TOKEN_LIMIT');
    expect(problemsOf({ GEMINI_DAILY_TOKEN_LIMIT: 'many' })).toHaveLength(1);
  });

  it.each(['GEMINI_API_KEY', 'OPENAI_API_KEY'])('refuses a %s no header can hold, without showing it', (variable) => {
    for (const value of ['AIza one', 'AIza\none', 'AIza\u200bone']) {
      const problems = problemsOf({ [variable]: value });
      expect(problems).toMatchObject([{ variable, problem: expect.not.stringContaining('AIza') }]);
    }
    expect(problemsOf({ [variable]: ' AIza-one ' })).toEqual([]);
  });

  it('moves every port into the block of TALOS_PORT_BASE, a single port wins over it', () => {
    const { ports } = configOf({ TALOS_PORT_BASE: '20000', OLLAMA_PORT: '11999' });
    expect(ports).toEqual({
      web: 20000,
      registry: 20001,
      peers: 20002,
      temporal: 20003,
      temporalUi: 20004,
      temporalMetrics: 20005,
      chroma: 20006,
      ollama: 11999,
    });
  });

  it('expands ~/ in every path', () => {
    const config = configOf({ HOME: '/home/ada/', TALOS_HOME: '~/a', SYSTEM_PROMPT_FILE: '~/p.txt' });
    expect([config.home.dir, config.models.systemPromptFile]).toEqual(['/home/ada/a', '/home/ada/p.txt']);
  });

  it.each([
    ['BASIC_AUTH_PASS', 'fifteen-charact'],
    ['BASIC_AUTH_PASS', 'scrypt:16384:8:5:c2FsdA'],
    ['BASIC_AUTH_USER', 'a b'],
    ['TALOS_HOME', 'state'],
    ['TALOS_HOME', '/srv/talos:2'],
    ['TALOS_HOME', '/srv/talos?'],
    ['TRUST_LEVEL', '6'],
    ['TRUST_LEVEL', '1e0'],
    ['WEB_PORT', '80'],
    ['WEB_BIND', 'localhost'],
    ['REDIS_MAX_MEMORY', '8mb'],
    ['REDIS_MAX_MEMORY', '512'],
    ['REDIS_MAX_MEMORY_POLICY', 'allkeys-lru'],
    ['REDIS_URL', 'localhost:6379'],
    ['LOG_LEVEL', 'LOUD'],
    ['DASHBOARD_AUTO_OPEN', 'maybe'],
    ['CLOUD_FALLBACK', 'sometimes'],
    ['QWEN_TEMPERATURE', '2.1'],
    ['OLLAMA_URL', 'ftp://models'],
    ['TALOS_WORKER_ROLES', 'core,cook'],
    ['DREAM_CYCLE_HOUR', '24'],
  ])('refuses %s=%s and says what would be right', (variable, value) => {
    const [problem, ...others] = problemsOf({ [variable]: value });
    expect(others).toEqual([]);
    expect(problem?.variable).toBe(variable);
    expect(problemsOf({ [variable]: problem?.example })).toEqual([]);
  });

  it('takes a password hash', () => {
    const hash = `scrypt:16384:8:5:${'s'.repeat(22)}:${'h'.repeat(43)}`;
    expect(configOf({ BASIC_AUTH_PASS: hash }).web.password).toBe(hash);
  });

  it('names every problem at once, with an example for each', () => {
    const thrown = caught(() => parseConfig({ WEB_PORT: '80', TRUST_LEVEL: '9' }));
    expect(thrown.code).toBe('CONFIG_INVALID');
    expect(thrown.message).toBe(
      'WEB_PORT must be from 1024 to 65535, for example WEB_PORT=8080\nTRUST_LEVEL must be from 0 to 5, for example TRUST_LEVEL=0',
    );
  });

  it('never repeats the value of a secret', () => {
    const secrets = rows.filter((row) => row.secret === true).map((row) => row.env);
    const env = Object.fromEntries(secrets.map((variable) => [variable, 'leaked-value']));
    expect(JSON.stringify(problemsOf(env))).not.toContain('leaked-value');
  });
});

describe('any environment', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      ' ',
      '0',
      '-1',
      '1e9',
      'true',
      '~/',
      '/',
      'NaN',
      '99999999999999999999',
      '1gb',
      '\0',
      '__proto__',
    ),
    fc.nat().map(String),
  );
  const environment = fc.dictionary(fc.oneof(fc.constantFrom(...variables, 'HOME'), fc.string()), value);

  it('is either a configuration or a list of named problems', () => {
    fc.assert(
      fc.property(environment, (env) => {
        const result = readConfig(env);
        if ('config' in result) return result.config.ports.web > 0;
        return result.problems.length > 0 && result.problems.every((problem) => variables.includes(problem.variable));
      }),
      { numRuns: 500 },
    );
  });

  it('fails with nothing but CONFIG_INVALID', () => {
    fc.assert(
      fc.property(environment, (env) => {
        if ('config' in readConfig(env)) return;
        expect(caught(() => parseConfig(env)).code).toBe('CONFIG_INVALID');
      }),
    );
  });
});

function caught(run: () => unknown): TalosError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof TalosError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
