import type { Express, Request, Response } from 'express';
import type { ZodOpenApiContentObject, ZodOpenApiOperationObject } from 'zod-openapi';

import { errorCatalogue, type ErrorCode, TalosError } from '../domain/errors.ts';
import { Problem, problemType } from './problem.ts';

/** One route: its address as Express writes it, what the API description says of it, and its handler. */
export type Route = {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly operation: ZodOpenApiOperationObject;
  readonly handle: (request: Request, response: Response) => Promise<void> | void;
};

/** Registers routes; a known path with another method answers METHOD_NOT_ALLOWED. */
export function mount(app: Express, routes: readonly Route[]): void {
  for (const { method, path, handle } of routes) app.route(path)[method](handle);
  // Last of all: what one pattern does not take, another may, such as a model that is called as a path is.
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const allow = group.map(({ method }) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', ');
    app.route(path).all(() => {
      throw new TalosError('METHOD_NOT_ALLOWED', `This path takes ${allow}.`, { details: { allow } });
    });
  }
}

/** What every request may be answered with. */
const anywhere: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'ORIGIN_REFUSED',
  'TOO_MANY_REQUESTS',
  'SHUTTING_DOWN',
  'INTERNAL',
];

type ProblemResponse = { readonly description: string; readonly content: ZodOpenApiContentObject };

/** The responses of failures by status, for the API description; those that can meet every request are added. */
export function problems(...codes: ErrorCode[]): Record<`${4 | 5}${string}`, ProblemResponse> {
  const byStatus = Map.groupBy([...codes, ...anywhere], (code) => String(errorCatalogue[code].httpStatus));
  const responses = [...byStatus].map(([status, same]) => [
    status,
    {
      description: same.map((code) => `${code}: ${errorCatalogue[code].title}`).join('; '),
      content: { [problemType]: { schema: Problem } },
    },
  ]);
  return Object.fromEntries(responses);
}
