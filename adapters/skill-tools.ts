import type { KeyObject } from 'node:crypto';

import type { Config } from '../domain/config/parse.ts';
import type { Sandbox, SkillBundles } from '../domain/ports.ts';
import type { CertificateChecker } from '../domain/skills/certificate-seal.ts';
import type { CheckValue } from '../domain/skills/read-manifest.ts';
import { createCertificateChecker, publicKeyHex } from './certificate-crypto.ts';
import { createConfiguredSandbox } from './sandbox/configured.ts';
import { createSkillBundles } from './skill-bundles.ts';
import { createBundleTools } from './skill-reader.ts';

type SkillToolsOptions = {
  readonly config: Config;
  /** Of the person who runs the command: git is to reach others as it does for them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of this node; undefined where it has none yet. */
  readonly publicKey: () => KeyObject | undefined;
};

/** What the command line does with skills in its own process. */
export type LocalSkillTools = {
  readonly bundles: SkillBundles;
  readonly checkValue: CheckValue;
  readonly certificates: CertificateChecker;
  readonly nodePublicKey: () => string | undefined;
  readonly sandbox: () => Promise<Sandbox>;
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
export function createSkillTools({ config, environment, publicKey }: SkillToolsOptions): LocalSkillTools {
  const tools = createBundleTools({ maxBytes: config.skills.maxSizeBytes });
  return {
    bundles: createSkillBundles({ tools, git: { env: gitEnvironment(environment) } }),
    checkValue: tools.checkValue,
    certificates: createCertificateChecker(),
    nodePublicKey() {
      const key = publicKey();
      return key && publicKeyHex(key);
    },
    sandbox: () => createConfiguredSandbox(config),
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
