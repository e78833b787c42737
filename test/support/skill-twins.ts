import { createHash } from 'node:crypto';

import { createMemorySkillCatalog } from '../../adapters/memory/skill-catalog.ts';
import {
  createMemoryAwaitedCalls,
  createMemorySkillDrafts,
  createMemoryToolRounds,
} from '../../adapters/memory/skill-chat.ts';
import { createMemoryScheduleClock } from '../../adapters/memory/schedule-clock.ts';
import { createMemorySkillRuns } from '../../adapters/memory/skill-runs.ts';
import { createMemorySkillSchedules } from '../../adapters/memory/skill-schedules.ts';
import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { Sandbox, SkillPorts, SkillRules, SkillShelf, SkillStore } from '../../domain/skills/ports.ts';
import type { EgressAttempt, SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';
import type { SkillBundle } from '../../domain/skills/bundle.ts';
import type { PromotionCertificate } from '../../domain/skills/certificate.ts';
import { SkillManifest } from '../../domain/skills/manifest.ts';
import { diffManifests } from '../../domain/skills/manifest-diff.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A skill that doubles a number; `code` tells versions apart. */
export function makeBundle(
  id: string,
  { code = 'v1', version = '1.0.0', cases = 4, hosts = [] as string[], limits = {} } = {},
): SkillBundle {
  const manifest = SkillManifest.parse({
    id,
    version,
    description: 'doubles a number',
    language: 'js',
    entry: 'main.js',
    input: { type: 'number' },
    output: { type: 'number' },
    permissions: { hosts },
    limits,
  });
  const files = { 'main.js': code, 'skill.json': JSON.stringify(manifest) };
  const evals = Array.from({ length: cases }, (_, index) => ({
    id: `case-${index + 1}`,
    input: index + 1,
    expected: 2 * (index + 1),
    assertions: [],
  }));
  return { hash: sha256(JSON.stringify([files, evals])), files, manifest, cases: evals };
}

/** The store of skills of a test. */
export type TwinSkillStore = SkillStore & {
  /** Changes a byte of a version behind the store's back. */
  tamper(hash: string): void;
  shelf(hash: string): SkillShelf | undefined;
  certificates(): readonly PromotionCertificate[];
  /** Of a skill, whatever became of them. */
  versions(id: string): readonly string[];
};

function createTwinSkillStore(): TwinSkillStore {
  const kept = new Map<string, { bundle: SkillBundle; shelf: SkillShelf; isTampered: boolean }>();
  const certificates = new Map<string, PromotionCertificate>();
  function find(hash: string) {
    const found = kept.get(hash);
    if (found === undefined) throw new TalosError('NOT_FOUND', 'There is no such version.');
    return found;
  }
  return {
    async put(bundle) {
      if (!kept.has(bundle.hash)) kept.set(bundle.hash, { bundle, shelf: 'quarantine', isTampered: false });
    },
    async load(_id, hash) {
      const { bundle, isTampered } = find(hash);
      if (isTampered) throw new TalosError('SKILL_CHANGED', 'The files are not what the hash says.');
      return bundle;
    },
    async place(_id, hash, shelf) {
      find(hash).shelf = shelf;
    },
    async discard(_id, hash) {
      if (kept.get(hash)?.shelf === 'quarantine') kept.delete(hash);
    },
    async saveCertificate(certificate) {
      certificates.set(certificate.body.bundle, certificate);
    },
    certificate: async (_id, hash) => certificates.get(hash),
    tamper(hash) {
      find(hash).isTampered = true;
    },
    shelf: (hash) => kept.get(hash)?.shelf,
    certificates: () => [...certificates.values()],
    versions: (id) =>
      [...kept.values()].flatMap(({ bundle: { manifest } }) => (manifest.id === id ? [manifest.version] : [])),
  };
}

/** What stands in for a run; undefined is the honest answer. */
export type RunScript = (request: SandboxRequest, signal: AbortSignal) => Promise<Partial<SandboxReport> | undefined>;

/** A sandbox that runs scripts. */
export type TwinSandbox = Sandbox & {
  /** From now on runs end like this. */
  follow(script: RunScript): void;
  requests(): readonly SandboxRequest[];
};

function createTwinSandbox(): TwinSandbox {
  const requests: SandboxRequest[] = [];
  let script: RunScript = async () => undefined;
  return {
    prove: async () => ({ driver: 'bubblewrap', version: '0', limits: 'rlimits', contained: [] }),
    async run(request, _powers, signal) {
      requests.push(request);
      const base = { log: 'a line', resources: { wallMs: 1 }, driver: 'bubblewrap' } as const;
      const scripted = await script(request, signal);
      return { ...base, ...(scripted ?? { verdict: 'ok', output: 2 * Number(request.input) }) } as SandboxReport;
    },
    async close() {},
    follow(next) {
      script = next;
    },
    requests: () => [...requests],
  };
}

const isNumber = (value: JsonValue) =>
  typeof value === 'number' ? ({ pass: true } as const) : ({ pass: false, reason: 'not a number' } as const);

const rules: SkillRules = {
  readBundle: () => {
    throw new TalosError('SKILL_INVALID', 'The twin reads no files.');
  },
  checkInput: (_bundle, value) => isNumber(value),
  checkOutput: (_bundle, value) => isNumber(value),
  judgeCase: ({ expected }, output) =>
    expected === output ? { pass: true } : { pass: false, reason: 'not the expected output' },
  scanBundle: ({ files }) => (Object.values(files).some((text) => text.includes('eval(')) ? ['uses eval'] : []),
  asksForMore: (before, after) => diffManifests(before, after).grew,
  hashJson: (value) => sha256(JSON.stringify(value)),
  signCertificate: (body) => ({ body, publicKey: '0'.repeat(64), signature: '0'.repeat(128) }),
  answerAlone: async () => undefined,
};

/** Everything skills stand on, as twins. */
export type SkillTwins = Omit<SkillPorts, 'skillRuntime'> & {
  skills: TwinSkillStore;
  sandbox: TwinSandbox;
  /** What the next runs are seen to have asked of hosts. */
  egress: EgressAttempt[];
};

/** Makes the twins; `changes` replaces rules. */
export function createSkillTwins(changes: Partial<SkillRules> = {}): SkillTwins {
  const egress: EgressAttempt[] = [];
  return {
    skills: createTwinSkillStore(),
    catalog: createMemorySkillCatalog(),
    skillRuns: createMemorySkillRuns(),
    toolRounds: createMemoryToolRounds(),
    awaitedCalls: createMemoryAwaitedCalls(),
    drafts: createMemorySkillDrafts(),
    schedules: createMemorySkillSchedules(),
    scheduleClock: createMemoryScheduleClock(),
    skillRules: { ...rules, ...changes },
    sandbox: createTwinSandbox(),
    powersFor: () => ({ call: () => Promise.reject(new Error('no powers')), egress: () => egress }),
    egress,
  };
}
