import type { JsonValue } from '../../domain/json.ts';
import type { SandboxReport, SandboxVerdict } from '../../domain/sandbox/run.ts';
import type { SkillLanguage } from '../../domain/skills/manifest.ts';

/** What the hostile skills of a proof go for. */
export type Bait = {
  /** A file of the host, and the secret in it. */
  readonly file: string;
  readonly secret: string;
  /** A port of the host's loopback that somebody listens on. */
  readonly port: number;
};

/** A hostile skill and what has to come of it. */
export type ProofSkill = {
  readonly name: string;
  readonly language: SkillLanguage;
  readonly code: string;
  readonly input: (bait: Bait) => JsonValue;
  readonly verdicts: readonly SandboxVerdict[];
  readonly timeoutMs: number;
  /** What else would show that it got through. */
  readonly gotThrough?: (report: SandboxReport) => boolean;
};

/** Variables that say nothing about the host. */
const plainVariables = new Set(['HOME', 'HOSTNAME', 'LANG', 'PATH', 'PWD', 'TZ']);
/** Slow and busy machines need much of it; elsewhere all come to their end within a second. */
const ample = 20_000;
const nothing = (): null => null;
const fileOf = ({ file }: Bait): JsonValue => ({ file });

/** Hostile skills that tell a sandbox from a program that merely runs. */
export const proofSkills: readonly ProofSkill[] = [
  {
    name: 'reads a file of the host',
    language: 'js',
    code: `import { readFileSync } from 'node:fs';
export default ({ file }) => {
  let denied;
  for (const root of ['', '/proc/1/root', '/proc/self/cwd/..', '/..'])
    try { return readFileSync(root + file, 'utf8'); } catch (error) { denied = error; }
  throw denied;
};`,
    input: fileOf,
    verdicts: ['fs-denied'],
    timeoutMs: ample,
  },
  {
    name: 'connects to the host',
    language: 'js',
    code: `import { connect } from 'node:net';
export default ({ port }) => new Promise((resolve, reject) => {
  connect({ host: '127.0.0.1', port }, () => resolve('connected')).on('error', reject);
});`,
    input: ({ port }) => ({ port }),
    verdicts: ['network-denied'],
    timeoutMs: ample,
  },
  {
    name: 'reads the environment of the host',
    language: 'js',
    code: 'export default () => { const { env } = process; return Object.keys(env); };',
    input: nothing,
    verdicts: ['ok'],
    timeoutMs: ample,
    gotThrough: ({ output }) =>
      !Array.isArray(output) || output.some((name) => typeof name !== 'string' || !plainVariables.has(name)),
  },
  {
    name: 'takes all memory',
    language: 'js',
    code: 'export default () => { const held = []; for (;;) held.push(Buffer.alloc(4194304, 1)); };',
    input: nothing,
    verdicts: ['oom'],
    timeoutMs: ample,
  },
  {
    name: 'starts processes',
    language: 'js',
    code: `import { spawn } from 'node:child_process';
export default () => new Promise((resolve, reject) => {
  const grow = () => spawn(process.execPath, ['-e', 'setTimeout(() => {}, 9000)']).on('error', reject).on('spawn', grow);
  grow();
});`,
    input: nothing,
    verdicts: ['process-denied', 'pids'],
    timeoutMs: ample,
  },
  {
    name: 'never ends',
    language: 'js',
    code: 'export default () => { for (;;); };',
    input: nothing,
    verdicts: ['timeout'],
    timeoutMs: 300,
  },
  {
    name: 'reads a file of the host, in Python',
    language: 'py',
    code: `def main(value):
    for root in ("", "/proc/1/root", "/.."):
        try:
            return open(root + value["file"]).read()
        except OSError as error:
            denied = [error]
    raise denied[0]`,
    input: fileOf,
    verdicts: ['fs-denied'],
    timeoutMs: ample,
  },
  {
    name: 'takes all memory, in Python',
    language: 'py',
    code: 'def main(value):\n    held = []\n    while True:\n        held.append(bytearray(4194304))\n',
    input: nothing,
    verdicts: ['oom'],
    timeoutMs: ample,
  },
];
