import { z } from 'zod';

import { type TalosError, toTalosError } from '../../domain/errors.ts';
import { LockdownState } from '../../domain/lockdown/state.ts';
import { within } from '../abort-when.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { readLenientBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';

const PanicRequest = z
  .object({
    reason: z.string().optional().meta({ description: 'Why, for the audit log', example: 'it mails strangers' }),
  })
  .meta({ id: 'PanicRequest' });

/** Body of the answer to `POST /panic`. */
export const PanicReply = z
  .strictObject({
    locked: z.literal(true),
    stopped: z.int().nonnegative().nullable().meta({
      description: 'Running messages asked to stop; null when Temporal could not be asked',
    }),
    recorded: z.boolean().meta({ description: 'Whether the audit log has it' }),
    how: z.string().meta({ description: 'How the lockdown is lifted' }),
  })
  .meta({ id: 'PanicReply' });

const how = 'The owner lifts it, on the host with `talos unlock` or from afar by a code: POST /panic/unlock/code';
const longestReason = 500;

/** Stopping what runs is best effort and must not keep who panics waiting. */
const stopMs = 4000;

type Deps = Pick<ApiDeps, 'lockdown' | 'audit' | 'runtime' | 'logger' | 'config' | 'now'>;

/** `POST /panic` and `GET /panic`. */
export function panicRoutes(deps: Deps): Route[] {
  return [
    {
      method: 'post',
      path: '/panic',
      operation: {
        operationId: 'panic',
        summary: 'Lock Talos down: cancel what runs, refuse everything new',
        description: `The body is optional, and one that cannot be read is ignored: the lockdown is set all the same. ${how}`,
        requestBody: { required: false, content: { 'application/json': { schema: PanicRequest } } },
        responses: {
          200: { description: 'Talos is locked down', content: { 'application/json': { schema: PanicReply } } },
          ...problems('STORE_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        const reason = reasonIn(await readLenientBody(request, response));
        const by = callerOf(request).isOwner ? 'owner' : deps.config.web.user;
        response.json(await lockDown(deps, { reason, by }));
      },
    },
    {
      method: 'get',
      path: '/panic',
      operation: {
        operationId: 'getLockdown',
        summary: 'Whether Talos is locked down',
        responses: {
          200: { description: 'The state', content: { 'application/json': { schema: LockdownState } } },
          ...problems('STORE_UNAVAILABLE'),
        },
      },
      async handle(_request, response) {
        response.json(await deps.lockdown.state());
      },
    },
  ];
}

function reasonIn(body: unknown): string {
  const reason = PanicRequest.safeParse(body).data?.reason ?? '';
  const plain = reason
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim();
  return plain.slice(0, longestReason).toWellFormed() || 'asked for over the API';
}

type Order = { readonly reason: string; readonly by: string };

/** The lock comes first. Its record and the end of what runs follow whether or not it took hold; only the lock itself can fail. */
async function lockDown(deps: Deps, order: Order): Promise<z.infer<typeof PanicReply>> {
  const failure = await failureOf(() => deps.lockdown.lock({ ...order, at: deps.now() }));
  const begun = failure === undefined ? order : undefined;
  const [recorded, stopped] = await Promise.all([record(deps, order), stopMessages(deps, begun)]);
  if (failure !== undefined) throw failure;
  return { locked: true, stopped, recorded, how };
}

async function record({ audit, logger }: Deps, { reason, by }: Order): Promise<boolean> {
  const failure = await failureOf(() =>
    audit.append({ type: 'lockdown-set', actor: by, details: { via: 'api', reason } }),
  );
  if (failure !== undefined) logger.error({ code: failure.code }, 'lockdown not audited');
  return failure === undefined;
}

/** What runs is stopped in any case; the workflow of a lockdown that did not begin would be there for ever, for nothing lifts it. */
async function stopMessages({ runtime, logger }: Deps, begun: Order | undefined): Promise<number | null> {
  let stopped: number | null = null;
  const failures = await Promise.all([
    failureOf(async () => {
      stopped = await within(stopMs, () => runtime.cancelMessages());
    }),
    failureOf(async () => begun && within(stopMs, () => runtime.startLockdown(begun))),
  ]);
  for (const failure of failures) {
    if (failure !== undefined) logger.error({ code: failure.code }, 'what runs was not all stopped');
  }
  return stopped;
}

async function failureOf(step: () => Promise<unknown>): Promise<TalosError | undefined> {
  try {
    await step();
    return undefined;
  } catch (thrown) {
    return toTalosError(thrown);
  }
}
