import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';

import manifest from '../package.json' with { type: 'json' };
import { problems, type Route } from './route.ts';

export type ApiDocument = ReturnType<typeof createDocument>;

const operation: Route['operation'] = {
  operationId: 'getDescription',
  summary: 'This description',
  responses: {
    200: {
      description: 'OpenAPI 3.1',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    ...problems(),
  },
};

/** `GET /openapi.json`, which describes the other routes and itself. It is made when it is first asked for. */
export function descriptionRoutes(others: readonly Route[]): Route[] {
  let document: ApiDocument | undefined;
  const route: Route = {
    method: 'get',
    path: '/openapi.json',
    operation,
    handle(_request, response) {
      document ??= describeApi([...others, route]);
      response.json(document);
    },
  };
  return [route];
}

/** The API as an OpenAPI 3.1 document, from the schemas the routes themselves check with. */
export function describeApi(routes: readonly Route[]): ApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, operation: described } of routes) {
    const address = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[address] = { ...paths[address], [method]: described };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Talos', version: manifest.version, description: manifest.description },
    servers: [{ url: '/' }],
    security: [{ basic: [] }],
    components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    paths,
  });
}
