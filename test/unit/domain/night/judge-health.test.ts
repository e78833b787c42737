import { describe, expect, it } from 'vitest';

import { shutdownNote } from '../../../../domain/cloud/models.ts';
import type { HealthFacts, HealthReadings, Reading } from '../../../../domain/night/health.ts';
import { judgeHealth } from '../../../../domain/night/judge-health.ts';
import { PhaseOutcome } from '../../../../domain/night/run.ts';

const known = <T>(value: T): Reading<T> => ({ isKnown: true, value });
const away = (reason: string) => ({ isKnown: false, reason }) as const;
const facts = { maxVectors: 1000, engine: 'ollama', wantedModels: ['qwen2.5-coder:7b', 'nomic-embed-text'] };

function healthy(changes: Partial<HealthReadings> = {}): HealthReadings {
  return {
    machine: known({ cpuPercent: 12, memoryPercent: 51, loadPerCore: 0.3 }),
    disks: known([{ holds: 'Talos and models', percent: 43.2, freeBytes: 120e9 }]),
    temporal: known(undefined),
    redis: known({ usedBytes: 3_100_000, maxBytes: 512e6 }),
    vectors: known({ conversation_history: 100, knowledge_base: 0 }),
    models: known({ installed: ['qwen2.5-coder:7b', 'nomic-embed-text:latest'], loaded: [] }),
    cloud: known({ kind: 'not-configured' }),
    sandbox: known({ driver: 'bubblewrap', version: '0.8.0', limits: 'rlimits', contained: ['a', 'b'] }),
    audit: known({ segments: 2, entries: 100, findings: [], isWhole: true }),
    skills: known({ active: 3 }),
    troubles: known([]),
    waiting: known({ calls: 0 }),
    ...changes,
  };
}

const judge = (changes: Partial<HealthReadings> = {}, more: Partial<HealthFacts> = {}) =>
  judgeHealth(healthy(changes), { ...facts, ...more });

/** What is found, as `severity about`. */
const found = (changes: Partial<HealthReadings>) =>
  (judge(changes).findings ?? []).map(({ severity, about }) => `${severity} ${about}`);

describe('the health of Talos', () => {
  it('has no finding when all is well, and its figures fit a phase', () => {
    const outcome = judge();
    expect(outcome.findings).toEqual([]);
    expect(PhaseOutcome.parse(outcome)).toMatchObject({
      counts: { memoryPercent: 51, redisPercent: 0.6, vectors: 100, vectorsPercent: 10, models: 2, 'skills.active': 3 },
    });
    expect(outcome.notes).toContain('disk: Talos and models 43.2 % full, 120 GB free');
  });

  it.each([
    [79.9, []],
    [80, ['warning disk']],
    [89.9, ['warning disk']],
    [90, ['critical disk']],
  ])('finds of a disk %d %% full: %j', (percent, expected) => {
    expect(found({ disks: known([{ holds: 'models', percent, freeBytes: 1 }]) })).toEqual(expected);
  });

  it.each([
    [69.9, []],
    [70, ['warning memory']],
    [90, ['critical memory']],
  ])('finds of a memory %d %% full: %j', (memoryPercent, expected) => {
    expect(found({ machine: known({ cpuPercent: 1, memoryPercent, loadPerCore: 0 }) })).toEqual(expected);
  });

  it.each([
    [89, []],
    [90, ['warning vectors']],
    [100, ['critical vectors']],
  ])('finds of vectors at %d %% of what may be: %j', (percent, expected) => {
    expect(found({ vectors: known({ knowledge_base: percent * 10 }) })).toEqual(expected);
  });

  it.each([
    [409, []],
    [410, ['warning redis']],
    [487, ['critical redis']],
  ])('finds of a Redis with %d of 512 MB: %j', (mb, expected) => {
    expect(found({ redis: known({ usedBytes: mb * 1e6, maxBytes: 512e6 }) })).toEqual(expected);
    expect(found({ redis: known({ usedBytes: mb * 1e6, maxBytes: 0 }) })).toEqual([]);
  });

  it.each([
    ['temporal', ['critical temporal']],
    ['redis', ['critical redis']],
    ['vectors', ['warning vectors']],
    ['models', ['warning models']],
    ['sandbox', ['warning sandbox']],
    ['audit', ['critical audit']],
    ['machine', []],
    ['cloud', []],
    ['skills', []],
    ['waiting', []],
  ] as const)('says what it means that %s cannot be read', (part, expected) => {
    const outcome = judge({ [part]: away('STORE_UNAVAILABLE') });
    expect(found({ [part]: away('STORE_UNAVAILABLE') })).toEqual(expected);
    expect(outcome.notes).toContain(`${part}: not known (STORE_UNAVAILABLE)`);
    for (const { text, fix } of outcome.findings ?? []) expect([text, fix]).not.toContain('');
  });

  it('names the skills that fail again and again for something outside them', () => {
    const troubles = known([{ skill: 'mail', runs: 7 }]);
    expect(judge({ troubles }).findings).toEqual([
      {
        severity: 'warning',
        about: 'skill runs',
        text: 'the last 7 runs of skill mail failed for something outside it',
        fix: 'talos runs ls mail --failed',
      },
    ]);
    const { notes, findings } = judge({ troubles: away('STORE_UNAVAILABLE') });
    expect({ notes, findings }).toMatchObject({
      findings: [],
      notes: expect.arrayContaining([expect.stringContaining('skill runs: not known')]),
    });
  });

  it('fits a phase however many skills fail, the critical first, and says how many more there are', () => {
    const troubles = Array.from({ length: 70 }, (_, index) => ({ skill: `skill-${index}`, runs: 3 }));
    const outcome = judge({ troubles: known(troubles), redis: away('TIMEOUT') });
    const { findings = [] } = PhaseOutcome.parse(outcome);
    expect(findings[0]).toMatchObject({ severity: 'critical', about: 'redis' });
    expect(findings.at(-1)?.text).toContain('22 more');
  });

  it('names a model that is missing and how to get it', () => {
    const { findings } = judge({ models: known({ installed: ['nomic-embed-text:latest'], loaded: [] }) });
    expect(findings).toMatchObject([{ severity: 'warning', fix: 'talos models pull qwen2.5-coder:7b' }]);
  });

  it.each([
    'library/qwen2.5-coder:7b',
    'registry.ollama.ai/library/qwen2.5-coder:7b',
    'https://registry.ollama.ai/library/qwen2.5-coder:7b',
  ])('misses no model that is there under a shorter name than %s', (model) => {
    expect(judge({}, { wantedModels: [model] }).findings).toEqual([]);
  });

  it.each([
    ['ollama', 'talos models pull chat-model'],
    ['openai', 'load it on that server, or correct QWEN_CODER_MODEL or EMBEDDING_MODEL'],
    ['embedded', 'set EMBEDDED_MODEL and EMBEDDED_EMBEDDING_MODEL to GGUF files of models'],
  ] as const)('says how to get a missing model where %s runs them', (engine, fix) => {
    const { findings } = judge({}, { engine, wantedModels: ['chat-model'] });
    expect(findings).toMatchObject([{ about: 'models', fix }]);
  });

  it('tells of a changed audit log first', () => {
    const change = { segment: 'audit-x', line: 7, kind: 'changed', message: 'm' } as const;
    const { findings } = judge({
      disks: known([{ holds: 'Talos', percent: 85, freeBytes: 1 }]),
      audit: known({ segments: 1, entries: 9, findings: [change], isWhole: true }),
    });
    expect(findings?.map(({ severity }) => severity)).toEqual(['critical', 'warning']);
    expect(findings?.[0]?.text).toContain('audit-x line 7');
  });

  it('tells of a cloud that is left alone, and of a model that is about to go', () => {
    const note = shutdownNote(
      { setting: 'GEMINI_FALLBACK_MODEL', model: 'gemini-2.5-flash' },
      Date.parse('2026-11-26'),
    );
    const use = { model: 'gemini-x', tokensUsed: 1, tokensLeft: 2, notes: [note ?? ''] };
    expect(found({ cloud: known({ kind: 'ready', ...use, notes: [] }) })).toEqual([]);
    expect(found({ cloud: known({ kind: 'ready', ...use }) })).toEqual(['warning cloud']);
    expect(judge({ cloud: known({ kind: 'ready', ...use }) }).findings).toMatchObject([
      { text: 'gemini-2.5-flash will be shut down on 2026-12-01', fix: 'set GEMINI_FALLBACK_MODEL to a newer model.' },
    ]);
    const paused = { kind: 'paused', until: 1, isProbing: false, ...use } as const;
    expect(found({ cloud: known(paused) })).toEqual(['warning cloud', 'warning cloud']);
  });
});
