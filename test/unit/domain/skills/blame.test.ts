import { describe, expect, it } from 'vitest';

import type { EgressAttempt } from '../../../../domain/sandbox/run.ts';
import { SandboxVerdict } from '../../../../domain/sandbox/run.ts';
import { blameFor, type Fault } from '../../../../domain/skills/blame.ts';

const request: EgressAttempt = { host: 'api.example.org', method: 'GET', allowed: true, bytes: 0 };
const fault: Fault = { verdict: 'exception', isInputValid: true, inputBy: 'person', egress: [] };

describe('the blame for a failed run', () => {
  it.each<[string, Partial<Fault>, string]>([
    ['an exception', {}, 'skill'],
    ['too much memory', { verdict: 'oom' }, 'skill'],
    ['output that fits no schema', { verdict: 'invalid-output' }, 'skill'],
    ['a broken sandbox', { verdict: 'infrastructure' }, 'environment'],
    ['a cancelled run', { verdict: 'cancelled' }, 'environment'],
    ['a host that gave no answer', { egress: [request] }, 'environment'],
    ['a broken host', { egress: [{ ...request, status: 503 }] }, 'environment'],
    ['a host that is overloaded', { verdict: 'timeout', egress: [{ ...request, status: 429 }] }, 'environment'],
    ['a request the host found wrong', { egress: [{ ...request, status: 404 }] }, 'skill'],
    ['a host that answered', { egress: [{ ...request, status: 200 }] }, 'skill'],
    ['a host it may not reach', { egress: [{ ...request, allowed: false }] }, 'skill'],
    ['too much memory while a host was down', { verdict: 'oom', egress: [request] }, 'skill'],
    ['a host that failed it', { hasHostFailed: true }, 'environment'],
    ['waiting for a host that failed it', { verdict: 'timeout', hasHostFailed: true }, 'environment'],
    ['what it may not do while a host failed it', { verdict: 'fs-denied', hasHostFailed: true }, 'skill'],
    ['too much memory while a host failed it', { verdict: 'oom', hasHostFailed: true }, 'skill'],
    ['input of a person that fits no schema', { isInputValid: false }, 'input'],
    ['input of a schedule that fits no schema', { isInputValid: false, inputBy: 'schedule' }, 'input'],
    ['input of the model that fits no schema', { isInputValid: false, inputBy: 'model' }, 'model'],
    ['input of its own case that fits no schema', { isInputValid: false, inputBy: 'case' }, 'skill'],
  ])('for %s', (_what, given, blame) => {
    expect(blameFor({ ...fault, ...given })).toBe(blame);
  });

  it.each(['network-denied', 'fs-denied', 'privilege-denied', 'process-denied'] as const)(
    'for %s is the skill, even when a host was down and the input wrong',
    (verdict) => {
      expect(blameFor({ verdict, isInputValid: false, inputBy: 'model', egress: [request] })).toBe('skill');
    },
  );

  it('is known for every verdict', () => {
    for (const verdict of SandboxVerdict.options) {
      expect(['skill', 'environment']).toContain(blameFor({ ...fault, verdict }));
    }
  });
});
