import type { KeyObject } from 'node:crypto';

import { canonicalJson } from '../domain/canonical-json.ts';
import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import { wantedModels } from '../domain/models/local-engine.ts';
import type { AuditLog, Embedder, LanguageModel, VectorStore } from '../domain/ports.ts';
import type {
  Sandbox,
  ScheduleClock,
  SkillPorts,
  SkillRules,
  SkillRuntime,
  SkillSchedules,
} from '../domain/skills/ports.ts';
import { signCertificate, verifyCertificate } from '../domain/skills/certificate-seal.ts';
import type { PromotionCertificate } from '../domain/skills/certificate.ts';
import { judgeCase } from '../domain/skills/judge-case.ts';
import { diffManifests } from '../domain/skills/manifest-diff.ts';
import { type BundleTools, readBundle } from '../domain/skills/read-bundle.ts';
import { scanBundle } from '../domain/skills/scan.ts';
import { createAnswerAlone } from './answer-alone.ts';
import { createMemoryPower } from './broker/memory.ts';
import { createCertificateChecker, createCertificateSigner, publicKeyHex } from './certificate-crypto.ts';
import { createSkillFiles } from './skill-files.ts';
import { createSkillGrants } from './skill-grants.ts';
import { createSkillPowers } from './skill-powers.ts';
import { createBundleTools } from './skill-reader.ts';
import type { SkillStores } from './skill-stores.ts';

type Options = {
  readonly config: Config;
  readonly nodeKey: KeyObject;
  readonly audit: AuditLog;
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly vectors: VectorStore;
  readonly stores: SkillStores;
  readonly skillRuntime: SkillRuntime;
  readonly schedules: SkillSchedules;
  readonly scheduleClock: ScheduleClock;
  readonly sandbox: Sandbox;
};

/** Everything skills stand on in this process. The sandbox runs nothing until it has been put to the test. */
export function createSkillPorts(
  options: Options,
): SkillPorts & { readonly sandbox: Sandbox; readonly tools: BundleTools } {
  const { config, nodeKey, model, stores, skillRuntime, schedules, scheduleClock, sandbox } = options;
  const settings = {
    chatModel: wantedModels(config).chat,
    contextTokens: config.models.contextTokens,
    maxOutputTokens: config.models.maxOutputTokens,
  };
  const tools = createBundleTools({ maxBytes: config.skills.maxSizeBytes });
  return {
    tools,
    skills: createSkillFiles({
      dir: homePaths(config).skills,
      tools,
      now: Date.now,
      checkCertificate: certificateCheck(nodeKey),
    }),
    ...stores,
    skillRuntime,
    schedules,
    scheduleClock,
    skillRules: createSkillRules({ tools, nodeKey, answerAlone: createAnswerAlone({ model, settings, judgeCase }) }),
    powersFor: createSkillPowers({ ...powerSources(options), audit: options.audit }),
    sandbox,
  };
}

/** What speaks against a certificate on this node. */
function certificateCheck(nodeKey: KeyObject): (certificate: PromotionCertificate) => readonly string[] {
  const checker = createCertificateChecker();
  const publicKey = publicKeyHex(nodeKey);
  return (certificate) => {
    const check = verifyCertificate(certificate, { publicKey }, checker);
    return check.ok ? [] : check.problems;
  };
}

function createSkillRules({
  tools,
  nodeKey,
  answerAlone,
}: {
  tools: BundleTools;
  nodeKey: KeyObject;
  answerAlone: SkillRules['answerAlone'];
}): SkillRules {
  const signer = createCertificateSigner(nodeKey);
  const judge = (problems: readonly string[]) =>
    problems.length === 0 ? ({ pass: true } as const) : ({ pass: false, reason: problems.join('; ') } as const);
  return {
    readBundle: (files) => readBundle(files, tools),
    checkInput: ({ manifest }, value) => judge(tools.checkValue(manifest.input, value)),
    checkOutput: ({ manifest }, value) => judge(tools.checkValue(manifest.output, value)),
    judgeCase,
    scanBundle,
    asksForMore: (before, after) => diffManifests(before, after).grew,
    hashJson: (value) => tools.hash(canonicalJson(value)),
    signCertificate: (body) => signCertificate(body, signer),
    answerAlone,
  };
}

function powerSources({ config, model, embedder, vectors }: Options) {
  return {
    ...createSkillGrants(homePaths(config)),
    searchMemory: createMemoryPower({
      model,
      embedder,
      vectors,
      embeddingModel: wantedModels(config).embedding,
      now: Date.now,
    }),
    callTool: ({ name }: { name: string }) =>
      Promise.reject(new TalosError('PERMISSION_DENIED', `ctx.tool: this machine offers no tool ${name}.`)),
  };
}
