import type { KeyObject } from 'node:crypto';

import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import type { SkillTools } from '../domain/skills/local-tools.ts';
import { createCertificateChecker, publicKeyHex } from './certificate-crypto.ts';
import { createConfiguredSandbox } from './sandbox/configured.ts';
import { createProofMemory } from './sandbox/proof-memory.ts';
import { createSkillBundles } from './skill-bundles.ts';
import { readKeptFolder } from './skill-files.ts';
import { createBundleTools } from './skill-reader.ts';

type SkillToolsOptions = {
  readonly config: Config;
  /** Of the person who runs the command: git is to reach others as it does for them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of this node; undefined where it has none yet. */
  readonly publicKey: () => KeyObject | undefined;
};

/** Variables git needs for proxies, certificates and an ssh agent. */
const gitVariables = [
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'GIT_SSL_CAINFO',
  'SSH_AUTH_SOCK',
];

/** Makes them; a sandbox is started only when it is asked for. */
export function createSkillTools({ config, environment, publicKey }: SkillToolsOptions): SkillTools {
  const tools = createBundleTools({ maxBytes: config.skills.maxSizeBytes });
  const memory = createProofMemory({ file: homePaths(config).sandboxProof, now: Date.now });
  return {
    bundles: createSkillBundles({ tools, git: { env: gitEnvironment(environment) } }),
    readKept: (folder, version) => readKeptFolder(folder, version, tools),
    checkValue: tools.checkValue,
    certificates: createCertificateChecker(),
    nodePublicKey() {
      const key = publicKey();
      return key && publicKeyHex(key);
    },
    sandbox: (proof) => createConfiguredSandbox(config, proof === 'remembered' ? memory : undefined),
  };
}

/** How git reaches others from here, and nothing else of an environment. */
export function gitEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known = gitVariables.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(known);
}
