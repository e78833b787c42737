import { randomUUID } from 'node:crypto';

import { TalosError } from '../domain/errors.ts';
import type { SandboxProof, SandboxReport } from '../domain/sandbox/run.ts';
import type { Sandbox, SkillPowers } from '../domain/skills/ports.ts';
import type { SkillLanguage } from '../domain/skills/manifest.ts';

/** The smallest skills that say what they run on: it is the sandbox that counts, not this process. */
const questions = {
  js: { entry: 'main.js', code: 'export default () => process.versions.node;' },
  py: { entry: 'main.py', code: 'import sys\n\n\ndef main(value):\n    return sys.version.split()[0]\n' },
} as const satisfies Partial<Record<SkillLanguage, { entry: string; code: string }>>;

const limits = { timeoutMs: 10_000, memoryMiB: 128, outputBytes: 1024 };
const patienceMs = 60_000;

const noPowers: SkillPowers = {
  call: () => Promise.reject(new TalosError('PERMISSION_DENIED', 'This skill has no powers.')),
  egress: () => [],
};

type Footing = { readonly sandbox: Sandbox; readonly proof: SandboxProof; readonly release: string };

/** Everything skills run on, in one line for people: this release, the sandbox, Node and Python. Fails where a sandbox gives no answer. */
export async function skillGround({ sandbox, proof, release }: Footing): Promise<string> {
  const node = await answer(sandbox, 'js');
  const python = await answer(sandbox, 'py').catch((thrown: unknown) => {
    if (thrown instanceof TalosError && thrown.code === 'SANDBOX_UNAVAILABLE') return undefined; // a machine without Python
    throw thrown;
  });
  const languages = python === undefined ? `Node ${node}` : `Node ${node}, Python ${python}`;
  return `Talos ${release}, ${proof.driver} ${proof.version}, ${languages}`;
}

async function answer(sandbox: Sandbox, language: keyof typeof questions): Promise<string> {
  const { entry, code } = questions[language];
  const request = {
    runId: `ground.${randomUUID()}`,
    language,
    files: { [entry]: code },
    entry,
    input: null,
    limits,
    until: 'first',
  } as const;
  return textOf(await sandbox.run(request, noPowers, AbortSignal.timeout(patienceMs)));
}

function textOf({ verdict, output, reason }: SandboxReport): string {
  if (verdict === 'ok' && typeof output === 'string') return output;
  throw new TalosError('SANDBOX_FAILED', `A sandbox did not say what it runs skills on: ${reason ?? verdict}`);
}
