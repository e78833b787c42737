import { expect, it } from 'vitest';

import { checkEngines } from '../../../cli/doctor-engines.ts';
import { checkLocalEngine } from '../../../cli/doctor-local-engine.ts';
import { checkModels } from '../../../cli/doctor-models.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import { ollama } from '../../../infra/engines/ollama.ts';
import { startFakeServer } from '../ollama/fake-server.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

const header = `Basic ${Buffer.from('owner:s3cr@t').toString('base64')}`;
const listed = {
  models: [{ name: 'talos-test:latest', digest: 'x', size: 1 }],
  data: [{ id: 'talos-test' }],
};

/** A server that answers whoever knows its password. */
async function startGuarded() {
  const server = await startFakeServer((response) => {
    const isKnown = response.req.headers.authorization === header;
    response.writeHead(isKnown ? 200 : 401).end(JSON.stringify(isKnown ? listed : { error: 'unauthorized' }));
  });
  const address = server.url.replace('//', '//owner:s3cr%40t@');
  return { address, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

it('an Ollama elsewhere with a password is found healthy, and no finding repeats it', async () => {
  await using server = await startGuarded();
  const config = parseConfig({ TALOS_HOME: scratchFolder(), OLLAMA_URL: server.address });
  const rows = [...(await checkEngines([ollama], config)), ...(await checkModels(config))];
  expect(rows[0]).toMatchObject({ state: 'ok' });
  expect(rows[1]?.detail).toContain('a built-in test model stands in');
  expect(JSON.stringify(rows)).not.toMatch(/s3cr/);
});

it('nor is it repeated where nothing answers', async () => {
  const config = parseConfig({ TALOS_HOME: scratchFolder(), OLLAMA_URL: 'http://owner:s3cr%40t@127.0.0.1:9' });
  const rows = [...(await checkEngines([ollama], config)), ...(await checkModels(config))];
  expect(rows.map(({ state }) => state)).toEqual(['warning', 'warning']);
  expect(JSON.stringify(rows)).not.toMatch(/s3cr/);
});

it('a server that speaks as OpenAI does is asked with its password, too', async () => {
  await using server = await startGuarded();
  const settings = { LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: server.address };
  const rows = await checkLocalEngine(parseConfig({ TALOS_HOME: scratchFolder(), ...settings }));
  expect(rows.slice(0, 2)).toMatchObject([{ state: 'ok' }, { state: 'ok', detail: 'talos-test' }]);
  expect(JSON.stringify(rows)).not.toMatch(/s3cr/);
});
