import { canonicalJson, isList } from '../canonical-json.ts';
import { TalosError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { SkillPowers } from './ports.ts';
import type { EgressAttempt } from '../sandbox/run.ts';
import { quoted } from './finding.ts';
import type { SkillPermissions } from './manifest.ts';
import type { ScriptedReply } from './scripted-reply.ts';

/** What is wrong with scripted replies: a case must not use a power its manifest does not name. */
export function checkReplies(replies: readonly ScriptedReply[], permissions: SkillPermissions): string[] {
  return replies.flatMap(({ power, input }) => {
    if (isNamed(power, input, permissions)) return [];
    return [`scripts ${power} of ${quoted(canonicalJson(input))}, which permissions do not name`];
  });
}

function isNamed(power: ScriptedReply['power'], input: JsonValue, permissions: SkillPermissions): boolean {
  switch (power) {
    case 'fetch':
      return permissions.hosts.includes(hostOf(input) ?? '');
    case 'memory':
      return permissions.memory === 'read';
    case 'tool':
      return permissions.tools.some((name) => name === textOf(input, 'name'));
    case 'folder':
      return permissions.folders.some(({ name }) => name === textOf(input, 'name'));
  }
}

/** Powers of a run in quarantine: the case answers, nothing leaves the machine, what is not scripted is denied and recorded. */
export function scriptedPowers(replies: readonly ScriptedReply[]): SkillPowers {
  const unused = replies.map(({ power, input, reply }) => ({ key: keyOf(power, input), reply }));
  const attempts: EgressAttempt[] = [];
  return {
    async call(power, input) {
      const found = unused.findIndex(({ key }) => key === keyOf(power, input));
      const [answer] = found < 0 ? [] : unused.splice(found, 1);
      if (power === 'fetch') attempts.push(attemptOf(input, answer?.reply));
      if (answer !== undefined) return answer.reply;
      throw new TalosError(
        'PERMISSION_DENIED',
        `The case scripts no reply to this call of ${power}: ${quoted(canonicalJson(input), 200)}`,
      );
    },
    egress: () => [...attempts],
  };
}

function keyOf(power: string, input: JsonValue): string {
  return `${power} ${canonicalJson(input)}`;
}

function attemptOf(input: JsonValue, reply: JsonValue | undefined): EgressAttempt {
  const base = {
    host: (hostOf(input) ?? '').slice(0, 300),
    method: (textOf(input, 'method') ?? 'GET').slice(0, 16),
    bytes: 0,
  };
  return reply === undefined
    ? { ...base, allowed: false, reason: 'not scripted by the case' }
    : { ...base, allowed: true };
}

function hostOf(input: JsonValue): string | undefined {
  const url = textOf(input, 'url');
  return url === undefined ? undefined : /^https:\/\/([^/?#@:\s]+)(?=[/?#]|$)/.exec(url)?.[1];
}

function textOf(input: JsonValue, field: string): string | undefined {
  if (typeof input !== 'object' || input === null || isList(input)) return undefined;
  const value = input[field];
  return typeof value === 'string' ? value : undefined;
}
