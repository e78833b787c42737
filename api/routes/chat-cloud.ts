import { z } from 'zod';

import { MessageId, parseMessageId } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import type { AwaitedCloud } from '../../domain/routing/departure.ts';
import { consentRoutes } from '../awaited-consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import type { Route } from '../route.ts';

const names = { id: MessageId };
const MessagePath = z.object(names);

type Deps = Pick<ApiDeps, 'awaitedClouds' | 'runtime' | 'lockdown' | 'approvals' | 'audit' | 'config' | 'now'>;

/** What the owner says to messages that wait for leave to go to the cloud. */
export function chatCloudRoutes(deps: Deps): Route[] {
  const { awaitedClouds, runtime } = deps;
  return consentRoutes<AwaitedCloud>(deps, {
    path: '/chat/:id/cloud',
    params: MessagePath,
    name: 'Cloud',
    summaries: {
      ask: 'Send the owner a code that lets one message go to the cloud',
      approve: 'Let a message that waits go to the cloud, with a code of the owner',
      refuse: 'Keep a message that waits from the cloud; it ends without an answer',
    },
    names,
    nameOf: ({ message }) => ({ id: message }),

    async find(request) {
      const { id } = parseInput(MessagePath, request.params, 'path');
      const found = (await awaitedClouds.list()).find(({ message }) => message === id);
      if (found !== undefined) return found;
      throw new TalosError(
        'NOT_FOUND',
        `Message ${id} does not wait for leave to go to the cloud; see: talos approvals ls`,
      );
    },

    // That exactly this leaves for this host.
    consentTo: ({ message, binding }) => ({ action: 'cloud-call', subject: message, binding }),

    async decide({ message, binding }, decision) {
      const told = decision.isAllowed ? { ...decision, binding } : decision;
      if (await runtime.decideCloud(parseMessageId(message), told)) return;
      await awaitedClouds.remove(message);
      throw new TalosError('NOT_FOUND', `Message ${message} has ended; nothing of it waits any more.`);
    },
  });
}
