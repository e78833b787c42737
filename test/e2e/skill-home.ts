import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { expect, vi } from 'vitest';
import { z } from 'zod';

import { parseEntry, type AuditEntry } from '../../domain/audit/entry.ts';
import { DeliveredCode } from '../../domain/approval/code.ts';
import type { BundleFiles } from '../../domain/skills/bundle.ts';
import type { SkillLife, SkillState } from '../../domain/skills/life.ts';
import type { SkillRunRef } from '../../domain/skills/run.ts';
import { skillTemplate } from '../../domain/skills/template.ts';
import { createApiSocket } from '../../cli/api-socket.ts';
import { createSkillsClient } from '../../cli/skills-client.ts';
import { skillRunWorkflowId } from '../../workflows/messages.ts';
import type { TestHome } from '../support/home.ts';

const code = `export default async ({ ms, text }, ctx) => {
  ctx.log('waits with', text);
  await new Promise((resolve) => setTimeout(resolve, ms));
  if (text === 'fail') throw new Error('it was asked to fail');
  return { text };
};
`;

/** A skill that waits as long as its input says and gives its text back; asked to fail, it fails. Its three cases take `caseMs` each. */
export function waitingSkill(id: string, { caseMs = 10, version = '1.0.0' } = {}): BundleFiles {
  const template = skillTemplate(id, 'js');
  const text = { type: 'string' };
  const manifest = {
    ...(JSON.parse(template['skill.json'] ?? '') as object),
    version,
    input: { type: 'object', properties: { ms: { type: 'integer' }, text }, required: ['ms', 'text'] },
    output: { type: 'object', properties: { text }, required: ['text'] },
  };
  const evals = ['one', 'two', 'three'].map((word) => ({
    id: word,
    prompt: `Wait, then say ${word}.`,
    input: { ms: caseMs, text: word },
    expected: { text: word },
  }));
  return {
    ...template,
    'skill.json': JSON.stringify(manifest),
    'scripts/main.js': code,
    'evals/evals.json': JSON.stringify({ skill_name: id, evals }),
  };
}

const Codes = z.object({ codes: z.array(DeliveredCode) });

/** What tests do with the skills of a Talos of their own, over the socket of its owner. */
export function skillsOf(home: TestHome) {
  const socket = join(home.dir, 'run/api.sock');
  const client = createSkillsClient(socket);
  const api = createApiSocket(socket);
  const skills = {
    client,

    /** Waits until a skill is in a state, however long the engines are away. */
    reaches: (id: string, state: SkillState, timeout = 60_000): Promise<SkillLife> =>
      vi.waitFor(
        async () => {
          const { life } = await client.view(id);
          expect((life.candidate ?? life.active ?? life.past[0])?.state, id).toBe(state);
          return life;
        },
        { timeout, interval: 100 },
      ),

    /** Hands in a version, and waits until it is before the owner. */
    async submit(files: BundleFiles): Promise<string> {
      const { id, hash } = await client.submit(files);
      await skills.reaches(id, 'awaiting-approval');
      return hash;
    },

    life: async (id: string): Promise<SkillLife> => (await client.view(id)).life,

    /** Asks for a code for the version that waits, and reads it where the owner does. */
    async askConsent(id: string): Promise<{ id: string; hash: string; tts_code: string }> {
      const hash = (await skills.life(id)).candidate?.hash ?? '';
      const ticket = await client.askCode(id, hash);
      const { codes } = await api.json({ method: 'GET', path: '/codes' }, Codes);
      return { id, hash, tts_code: codes.find((one) => one.id === ticket.id)?.code ?? '' };
    },

    async approve(id: string): Promise<void> {
      const { tts_code, hash } = await skills.askConsent(id);
      await client.promote(id, { tts_code, hash });
    },

    /** A skill that is tested, approved and in use. */
    async activate(files: BundleFiles): Promise<void> {
      const { id } = await client.submit(files);
      await skills.reaches(id, 'awaiting-approval');
      await skills.approve(id);
    },

    /** Starts a run without waiting for what comes of it. */
    begin(ref: SkillRunRef, input: { ms: number; text: string }): void {
      client.run(ref, input, new AbortController().signal).catch(() => undefined); // its record tells
    },
  };
  return skills;
}

/** The entries of the audit log, in the order of their segments. */
export function readAudit(home: TestHome): AuditEntry[] {
  const dir = join(home.dir, 'logs/tier1');
  const lines = readdirSync(dir)
    .toSorted()
    .flatMap((name) => readFileSync(join(dir, name), 'latin1').split('\n'));
  return lines.flatMap((line) => parseEntry(line) ?? []);
}

/** Resolves when a worker has taken a run. */
export async function underWay(home: TestHome, ref: SkillRunRef): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${home.base + 3}` });
  try {
    const handle = new Client({ connection, namespace: 'talos' }).workflow.getHandle(skillRunWorkflowId(ref));
    await vi.waitFor(
      async () => {
        const [step] = (await handle.describe()).raw.pendingActivities ?? [];
        expect(step?.lastStartedTime, ref.skill).toBeTruthy();
      },
      { timeout: 20_000, interval: 50 },
    );
  } finally {
    await connection.close();
  }
}

/** Command lines of processes in sandboxes that a process made. */
export function sandboxesOf(pid: number): string[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry)) return [];
      const command = readFileSync(`/proc/${entry}/cmdline`, 'latin1');
      return command.includes(`talos_sandbox_${pid}_`) ? [command] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
