/** What may be asked of the Docker engine; `id` is the container it is asked of. */
export type Route = PlainRoute | { readonly kind: 'attach'; readonly id: string };

/** A call that is answered with one document; `attach` is answered with a stream. */
export type PlainRoute = { readonly kind: EngineCall } | { readonly kind: ContainerCall; readonly id: string };

/** What may be asked of the engine itself. */
export type EngineCall = 'create' | 'list' | 'version';

/** What may be asked of one container. */
export type ContainerCall = 'start' | 'wait' | 'kill' | 'inspect' | 'remove';

/** Query parameters a call has, each with the one value it may have. */
type Query = Readonly<Record<string, string>>;

type Rule<Kind> = { readonly kind: Kind; readonly method: string; readonly path: string; readonly query: Query };

const engineRules: readonly Rule<EngineCall>[] = [
  { kind: 'create', method: 'POST', path: '/containers/create', query: {} },
  { kind: 'list', method: 'GET', path: '/containers/json', query: { all: 'true' } },
  { kind: 'version', method: 'GET', path: '/version', query: {} },
];

const streams = { stream: 'true', stdin: 'true', stdout: 'true', stderr: 'true', hijack: 'true' };

/** `path` is what follows the id. */
const containerRules: readonly Rule<ContainerCall | 'attach'>[] = [
  { kind: 'attach', method: 'POST', path: '/attach', query: streams },
  { kind: 'start', method: 'POST', path: '/start', query: {} },
  { kind: 'wait', method: 'POST', path: '/wait', query: {} },
  { kind: 'kill', method: 'POST', path: '/kill', query: { signal: 'KILL' } },
  { kind: 'inspect', method: 'GET', path: '/json', query: {} },
  { kind: 'remove', method: 'DELETE', path: '', query: { force: 'true', v: 'true' } },
];

/** A request target as this proxy takes it: no escapes, no dots, no empty or doubled parts. dockerode ends some in a bare `?`. */
const target = /^(?<path>(?:\/[a-z0-9]+)+)(?:\?(?<query>(?:[a-z]+=[A-Za-z]+(?:&[a-z]+=[A-Za-z]+)*)?))?$/;

/** Containers go by their whole id: names and short ids are not taken. */
const ofContainer = /^\/containers\/(?<id>[0-9a-f]{64})(?<rest>\/[a-z]+|)$/;

/** Finds what a request asks for; undefined for everything that is not on the list, however it is spelt. */
export function findRoute(method = '', url = ''): Route | undefined {
  const { path = '', query = '' } = target.exec(url)?.groups ?? {};
  const asked = { method, path, query };
  return ruleFor(engineRules, asked) ?? containerRoute(asked);
}

function containerRoute({ method, path, query }: Asked): Route | undefined {
  const { id, rest = '' } = ofContainer.exec(path)?.groups ?? {};
  const kind = ruleFor(containerRules, { method, path: rest, query })?.kind;
  if (id === undefined || kind === undefined) return undefined;
  return kind === 'attach' ? { kind, id } : { kind, id };
}

type Asked = { readonly method: string; readonly path: string; readonly query: string };

function ruleFor<Kind>(rules: readonly Rule<Kind>[], asked: Asked): { kind: Kind } | undefined {
  const rule = rules.find(({ method, path }) => method === asked.method && path === asked.path);
  return rule && isQuery(asked.query, rule.query) ? { kind: rule.kind } : undefined;
}

/** Whether a query has exactly the parameters of a rule, each once. */
function isQuery(query: string, wanted: Query): boolean {
  const given = query === '' ? [] : query.split('&');
  const allowed = Object.entries(wanted).map(([key, value]) => `${key}=${value}`);
  return given.length === allowed.length && allowed.every((parameter) => given.includes(parameter));
}
