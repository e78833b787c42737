import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TalosError } from '../../domain/errors.ts';
import type { Sandbox, SkillPowers } from '../../domain/skills/ports.ts';
import type { SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';
import { ownMark } from './owner-mark.ts';
import { type Bait, type ProofSkill, proofSkills } from './proof-skills.ts';

/** What is put to the test. */
export type Suspect = { readonly driver: string; readonly hasPython: boolean; readonly run: Sandbox['run'] };

/** Runs hostile skills and demands that each is contained; returns their names. Fails with SANDBOX_UNAVAILABLE and those that were not. */
export async function proveContainment(
  { driver, hasPython, run }: Suspect,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const skills = proofSkills.filter(({ language }) => hasPython || language !== 'py');
  const trap = await setTrap();
  try {
    const reports = await Promise.all(skills.map((skill) => run(requestOf(skill, trap.bait), noPowers, signal)));
    signal.throwIfAborted();
    const failures = skills.flatMap((skill, index) => failureOf(skill, reports[index], trap.bait) ?? []);
    if (trap.hits() > 0) failures.push('something in the sandbox reached the host over the network');
    if (failures.length > 0) throw uncontained(driver, failures);
    return skills.map(({ name }) => name);
  } finally {
    await trap.remove();
  }
}

const noPowers: SkillPowers = {
  call: () => Promise.reject(new TalosError('PERMISSION_DENIED', 'A skill on trial has no powers.')),
  egress: () => [],
};

function requestOf(skill: ProofSkill, bait: Bait): SandboxRequest {
  const entry = skill.language === 'py' ? 'main.py' : 'main.js';
  return {
    runId: randomUUID(),
    language: skill.language,
    files: { [entry]: skill.code },
    entry,
    input: skill.input(bait),
    limits: { timeoutMs: skill.timeoutMs, memoryMiB: 128, outputBytes: 65_536 },
    until: 'whole',
  };
}

function failureOf(skill: ProofSkill, report: SandboxReport | undefined, { secret }: Bait): string | undefined {
  if (report === undefined) return undefined;
  const isContained = skill.verdicts.includes(report.verdict) && skill.gotThrough?.(report) !== true;
  if (isContained && !JSON.stringify(report).includes(secret)) return undefined;
  return `the skill that ${skill.name} came to "${report.verdict}"`;
}

function uncontained(driver: string, failures: readonly string[]): TalosError {
  const message = `The ${driver} sandbox does not hold on this machine, so no skill runs in it: ${failures.join('; ')}`;
  return new TalosError('SANDBOX_UNAVAILABLE', message, { details: { driver } });
}

/** Lays out what hostile skills would like to have: a secret in a file, a listener on the loopback. */
async function setTrap() {
  const folder = await mkdtemp(join(tmpdir(), `${ownMark('proof')}-`));
  const file = join(folder, 'secret');
  const secret = randomUUID();
  await writeFile(file, secret);
  // open to everybody: that the sandbox runs as another user must not be what keeps it away
  await chmod(folder, 0o755);
  await chmod(file, 0o644);
  let hits = 0;
  const server = createServer((socket) => {
    hits += 1;
    socket.destroy();
  });
  const port = await listen(server);
  return {
    bait: { file, secret, port },
    hits: () => hits,
    async remove(): Promise<void> {
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
