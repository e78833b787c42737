import { z } from 'zod';

import { MessageId, parseMessageId } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { type AwaitedCall, CallId } from '../../domain/skills/steps.ts';
import { consentRoutes } from '../awaited-consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import type { Route } from '../route.ts';

const names = { id: MessageId, call: CallId };
const CallPath = z.object(names);

type Deps = Pick<ApiDeps, 'awaitedCalls' | 'runtime' | 'lockdown' | 'approvals' | 'audit' | 'config' | 'now'>;

/** What the owner says to calls of skills that wait in a message. */
export function chatCallRoutes(deps: Deps): Route[] {
  const { awaitedCalls, runtime } = deps;
  return consentRoutes<AwaitedCall>(deps, {
    path: '/chat/:id/calls/:call',
    params: CallPath,
    name: 'Call',
    summaries: {
      ask: 'Send the owner a code that allows one call of a skill',
      approve: 'Allow a call that waits, with a code of the owner',
      refuse: 'Refuse a call that waits; the message goes on without it',
    },
    names,
    nameOf: ({ message, call }) => ({ id: message, call }),

    async find(request) {
      const { id, call } = parseInput(CallPath, request.params, 'path');
      const found = (await awaitedCalls.list()).find((one) => one.message === id && one.call === call);
      if (found !== undefined) return found;
      throw new TalosError('NOT_FOUND', `Call ${call} of message ${id} does not wait; see: talos approvals ls`);
    },

    // This run of this version on this input.
    consentTo: ({ run, binding }) => ({ action: 'skill-run', subject: run, binding }),

    async decide(awaited, decision) {
      const { message, call } = awaited;
      if (await runtime.decideCall(parseMessageId(message), { call, ...decision })) return;
      await awaitedCalls.remove(awaited);
      throw new TalosError('NOT_FOUND', `Message ${message} has ended; nothing of it waits any more.`);
    },
  });
}
