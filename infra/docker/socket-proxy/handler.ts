import { type Answer, reduce, refusal, shown } from './answer.ts';
import { createContainer, type CreateDeps } from './create.ts';
import { type Keeper, listPath } from './keeper.ts';
import type { PlainRoute, Route } from './route.ts';

export type HandlerDeps = CreateDeps & { readonly keeper: Keeper };

/** Answers one call. Only `create` looks at the body. */
export function handle(
  route: PlainRoute,
  body: string,
  { signal, deps }: { signal: AbortSignal; deps: HandlerDeps },
): Promise<Answer> {
  switch (route.kind) {
    case 'create':
      return createContainer(body, deps);
    case 'list':
      return ask('GET', listPath(deps.owner), shown.list);
    case 'version':
      return ask('GET', '/version', shown.version);
    case 'start':
      return ask('POST', `/containers/${route.id}/start`);
    case 'wait':
      return ask('POST', `/containers/${route.id}/wait`, shown.wait);
    case 'kill':
      return ask('POST', `/containers/${route.id}/kill?signal=KILL`);
    case 'inspect':
      return ask('GET', `/containers/${route.id}/json`, shown.inspect);
    case 'remove':
      return removeContainer(route.id, deps);
  }

  async function ask(method: string, path: string, schema?: Parameters<typeof reduce>[1]): Promise<Answer> {
    return reduce(await deps.upstream.call({ method, path, signal }), schema);
  }
}

/** Whoever asks for a removal may go before it is done: it is done all the same. */
async function removeContainer(id: string, { upstream, ledger }: HandlerDeps): Promise<Answer> {
  const reply = await upstream.call({ method: 'DELETE', path: `/containers/${id}?force=true&v=true` });
  if (reply.status === 204 || reply.status === 404) ledger.forget(id);
  return reduce(reply);
}

/** Whether the container of a call, if it has one, was made by this process. */
export function refuseForeign(route: Route, { ledger }: CreateDeps): Answer | undefined {
  if (!('id' in route) || ledger.owns(route.id)) return undefined;
  return refusal('this is no container of this proxy');
}
