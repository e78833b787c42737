import { formatBytes } from '../format-bytes.ts';
import { pullCommand, shortModelName } from '../models/choose.ts';
import { type Finding, mostFindings } from './finding.ts';
import type { HealthFacts, HealthReadings, Reading } from './health.ts';
import type { PhaseOutcome } from './run.ts';

/** What is said of one part. */
type HealthPart = {
  readonly counts?: Readonly<Record<string, number>>;
  readonly note?: string;
  readonly findings?: readonly Finding[];
};

/** From these percents on something is a warning, and critical. */
const limits = {
  disk: { warning: 80, critical: 90 },
  memory: { warning: 70, critical: 90 },
  redis: { warning: 80, critical: 95 },
  vectors: { warning: 90, critical: 100 },
} as const;

/** Runnable processes per core; more of them only make everything slower. */
const loadLimits = { warning: 4, critical: Number.POSITIVE_INFINITY };

/** What the phase `health` comes to: figures, what people should read, and what should be mended. */
export function judgeHealth(readings: HealthReadings, facts: HealthFacts): PhaseOutcome {
  const parts = judgeAll(readings, facts);
  return {
    counts: Object.fromEntries(parts.flatMap(({ counts = {} }) => Object.entries(counts))),
    notes: parts.flatMap(({ note }) => (note === undefined ? [] : [note.slice(0, 300).toWellFormed()])),
    findings: upToMost(parts.flatMap(({ findings = [] }) => findings).toSorted(bySeverity)),
  };
}

function upToMost(findings: readonly Finding[]): Finding[] {
  if (findings.length <= mostFindings) return [...findings];
  const shown = findings.slice(0, mostFindings - 1);
  const text = `${findings.length - shown.length} more things were found`;
  return [...shown, { severity: 'warning', about: 'health', text, fix: 'mend the others, then: talos dream --now' }];
}

function bySeverity(a: { severity: string }, b: { severity: string }): number {
  return Number(b.severity === 'critical') - Number(a.severity === 'critical');
}

/** Every part in the order people read it. */
function judgeAll(readings: HealthReadings, facts: HealthFacts): HealthPart[] {
  return [
    of(readings.machine, 'machine', judgeMachine),
    of(readings.disks, 'disk', judgeDisks),
    of(readings.temporal, 'temporal', () => ({ note: 'temporal: answers' })),
    of(readings.redis, 'redis', judgeRedis),
    of(readings.vectors, 'vectors', (counts) => judgeVectors(counts, facts)),
    of(readings.models, 'models', (models) => judgeModels(models, facts)),
    of(readings.cloud, 'cloud', judgeCloud),
    of(readings.sandbox, 'sandbox', ({ driver, version, contained }) => ({
      note: `sandbox: ${driver} ${version} contained ${contained.length} hostile skills`,
    })),
    of(readings.audit, 'audit', judgeAudit),
    of(readings.skills, 'skills', (counts) => ({
      note: `skills: ${listCounts(counts)}`,
      counts: named('skills', counts),
    })),
    of(readings.troubles, 'skill runs', judgeTroubles),
    of(readings.waiting, 'waiting', (counts) => ({
      note: `waiting for you: ${listCounts(counts)}`,
      counts: named('waiting', counts),
    })),
  ];
}

type Part = keyof typeof awayTexts;

/** What it means that something cannot be read. What only others show the consequence of is a note alone. */
const awayTexts = {
  machine: undefined,
  disk: undefined,
  temporal: ['critical', 'Temporal does not answer: nothing new begins', 'talos doctor'],
  redis: ['critical', 'Redis does not answer: no message is taken', 'talos doctor'],
  vectors: ['warning', 'Chroma does not answer: answers are made without long-term memory', 'talos doctor'],
  models: ['warning', 'the local models do not answer', 'talos doctor'],
  cloud: undefined,
  sandbox: ['warning', 'no sandbox has been shown to hold: no skill runs', 'talos doctor'],
  audit: ['critical', 'the audit log cannot be read', 'mend the permissions of logs/tier1'],
  skills: undefined,
  'skill runs': undefined,
  waiting: undefined,
} as const;

function of<T>(reading: Reading<T>, part: Part, judge: (value: T) => HealthPart): HealthPart {
  if (reading.isKnown) return judge(reading.value);
  const note = `${part}: not known (${reading.reason})`;
  const away = awayTexts[part];
  if (away === undefined) return { note };
  const [severity, text, fix] = away;
  return { note, findings: [{ severity, about: part, text: `${text} (${reading.reason})`, fix }] };
}

type Value<Key extends keyof HealthReadings> = Extract<HealthReadings[Key], { isKnown: true }>['value'];

function judgeMachine({ cpuPercent, memoryPercent, loadPerCore }: Value<'machine'>): HealthPart {
  const memory = severityOf(memoryPercent, limits.memory);
  const load = severityOf(loadPerCore, loadLimits);
  return {
    counts: { cpuPercent, memoryPercent, loadPerCore },
    note: `machine: processor ${cpuPercent} %, memory ${memoryPercent} %, load ${loadPerCore} per core`,
    findings: [
      ...finding(memory, 'memory', [
        `${memoryPercent} % of the memory is in use`,
        'use a smaller model, or end other programs',
      ]),
      ...finding(load, 'load', [
        `the load is ${loadPerCore} per core`,
        'look for what else runs, for example with top',
      ]),
    ],
  };
}

function judgeDisks(disks: Value<'disks'>): HealthPart {
  return {
    counts: Object.fromEntries(disks.map(({ holds, percent }) => [`diskPercent.${holds}`, percent])),
    note: `disk: ${disks.map(({ holds, percent, freeBytes }) => `${holds} ${percent} % full, ${formatBytes(freeBytes)} free`).join('; ')}`,
    findings: disks.flatMap(({ holds, percent, freeBytes }) =>
      finding(severityOf(percent, limits.disk), 'disk', [
        `the disk of ${holds} is ${percent} % full, ${formatBytes(freeBytes)} are left`,
        'free space there, or move it to a larger disk',
      ]),
    ),
  };
}

function judgeRedis({ usedBytes, maxBytes }: Value<'redis'>): HealthPart {
  const counts = { redisBytes: usedBytes, redisMaxBytes: maxBytes };
  if (maxBytes === 0) return { counts, note: `redis: ${formatBytes(usedBytes)}, without bound` };
  const percent = share(usedBytes, maxBytes);
  const text = `Redis holds ${percent} % of what it may; full, it takes no message`;
  return {
    counts: { ...counts, redisPercent: percent },
    note: `redis: ${formatBytes(usedBytes)} of ${formatBytes(maxBytes)}, ${percent} %`,
    findings: finding(severityOf(percent, limits.redis), 'redis', [text, 'raise REDIS_MAX_MEMORY and restart']),
  };
}

function judgeVectors(byCollection: Value<'vectors'>, { maxVectors }: HealthFacts): HealthPart {
  const total = Object.values(byCollection).reduce((sum, count) => sum + count, 0);
  const percent = share(total, maxVectors);
  const text = `long-term memory holds ${total} of ${maxVectors} memories`;
  return {
    counts: { vectors: total, vectorsPercent: percent, ...named('vectors', byCollection) },
    note: `vectors: ${total} of ${maxVectors}, ${percent} % (${listCounts(byCollection)})`,
    findings: finding(severityOf(percent, limits.vectors), 'vectors', [text, 'raise CHROMADB_MAX_VECTORS']),
  };
}

function judgeModels({ installed, loaded }: Value<'models'>, { engine, wantedModels }: HealthFacts): HealthPart {
  const there = new Set(installed.map(shortModelName));
  const missing = wantedModels.filter((model) => !there.has(shortModelName(model)));
  const inMemory = loaded.length === 0 ? 'none in memory' : `in memory: ${loaded.join(', ')}`;
  return {
    counts: { models: installed.length, modelsLoaded: loaded.length },
    note: `models: ${installed.length} of ${engine}, ${inMemory}`,
    findings: missing.map((model) => ({
      severity: 'warning',
      about: 'models',
      text: `the model ${model} is not there`,
      fix: fixOfModel(engine, model),
    })),
  };
}

/** Only Ollama is brought models by Talos. */
function fixOfModel(engine: string, model: string): string {
  if (engine === 'openai') return 'load it on that server, or correct QWEN_CODER_MODEL or EMBEDDING_MODEL';
  return engine === 'embedded'
    ? 'set EMBEDDED_MODEL and EMBEDDED_EMBEDDING_MODEL to GGUF files of models'
    : pullCommand(model);
}

function judgeCloud(state: Value<'cloud'>): HealthPart {
  if (state.kind === 'not-configured') return { note: 'cloud: not set up' };
  const { kind, model, tokensUsed, tokensLeft, notes } = state;
  const paused = `the cloud model ${model} is left alone for a while: too many calls have failed`;
  return {
    counts: { cloudTokensUsed: tokensUsed, cloudTokensLeft: tokensLeft },
    note: `cloud: ${model} ${kind}, ${tokensUsed} tokens used today, ${tokensLeft} left`,
    findings: [
      ...(kind === 'paused' ? finding('warning', 'cloud', [paused, 'look for the reason with talos logs']) : []),
      ...notes.flatMap((note) => finding('warning', 'cloud', withFix(note))),
    ],
  };
}

/** A note on a model ends with what to set, which need not be the first model. */
function withFix(note: string): readonly [text: string, fix: string] {
  const [text = note, fix = 'look at GEMINI_MODEL and GEMINI_FALLBACK_MODEL'] = note.split('; ');
  return [text, fix];
}

function judgeAudit({ segments, entries, findings, isWhole }: Value<'audit'>): HealthPart {
  const all = isWhole ? '' : '; there was no time for all that is new';
  const [first] = findings;
  const text = `the audit log was changed: ${findings.length} findings, the first in ${first?.segment ?? ''} line ${first?.line ?? 0}`;
  return {
    counts: { auditEntries: entries, auditFindings: findings.length },
    note: `audit: ${entries} entries in ${segments} segments verified${all}`,
    findings: first === undefined ? [] : finding('critical', 'audit', [text, 'talos audit verify']),
  };
}

function judgeTroubles(troubles: Value<'troubles'>): HealthPart {
  const names = troubles.map(({ skill }) => skill).join(', ');
  return {
    note: `skill runs: ${names === '' ? 'no skill fails again and again' : `failing again and again: ${names}`}`,
    findings: troubles.map(({ skill, runs }) => ({
      severity: 'warning',
      about: 'skill runs',
      text: `the last ${runs} runs of skill ${skill} failed for something outside it`,
      fix: `talos runs ls ${skill} --failed`,
    })),
  };
}

function severityOf(value: number, { warning, critical }: { warning: number; critical: number }) {
  if (value >= critical) return 'critical';
  return value >= warning ? 'warning' : undefined;
}

function finding(
  severity: Finding['severity'] | undefined,
  about: string,
  [text, fix]: readonly [text: string, fix: string],
): Finding[] {
  return severity === undefined ? [] : [{ severity, about, text: text.slice(0, 300), fix }];
}

function share(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}

function named(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}.${name}`, count]));
}

function listCounts(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([name, count]) => `${count} ${name}`).join(', ');
}
