import { describe, expect, it } from 'vitest';

import { auditElsewhere } from '../../../adapters/engine-elsewhere.ts';
import { createLocalModels, type LocalModels } from '../../../adapters/local-models.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import type { ModelMessage } from '../../../domain/models/model.ts';

const host = 'gpu.example';
const signal = new AbortController().signal;
const limits = { contextTokens: 4096, maxOutputTokens: 16, temperature: 0, think: false };

/** Models on another host that tell what has been sent to them. */
function start() {
  const sent: string[] = [];
  const audit = createMemoryAuditLog();
  const engine: Pick<LocalModels, 'model' | 'embedder'> = {
    model: {
      ...createMemoryLanguageModel(),
      async *chat() {
        sent.push('chat');
        yield { type: 'finish', reason: 'stop', promptTokens: 1, outputTokens: 1 };
      },
    },
    embedder: {
      async embed({ texts }) {
        sent.push('embed');
        return texts.map(() => [1]);
      },
    },
  };
  const { model, embedder } = auditElsewhere(engine, { host, audit });
  async function chat(messages: ModelMessage[]): Promise<void> {
    for await (const _event of model.chat({ model: 'm', messages, ...limits }, signal));
  }
  return { chat, embed: (texts: string[]) => embedder.embed({ model: 'e', texts }, signal), sent, audit };
}

describe('an engine on another host', () => {
  it('has on record what it is sent, and not the text itself', async () => {
    const { chat, embed, sent, audit } = start();
    await chat([{ role: 'user', content: 'private words' }]);
    await chat([{ role: 'user', content: 'see', images: [{ type: 'image/png', base64: 'AAAA' }] }]);
    await embed(['one', 'two']);
    const details = audit.events().map((event) => [event.type, event.subject, event.details]);
    expect(details).toEqual([
      ['engine-called', host, { host, model: 'm', kinds: 'prompt', bytes: 41 }],
      ['engine-called', host, { host, model: 'm', kinds: 'prompt image', bytes: expect.any(Number) }],
      ['engine-called', host, { host, model: 'e', kinds: 'text', bytes: 10 }],
    ]);
    expect(sent).toEqual(['chat', 'chat', 'embed']);
    expect(JSON.stringify(audit.events())).not.toContain('private');
  });

  it('is sent nothing that cannot be put on record', async () => {
    const { chat, embed, sent, audit } = start();
    audit.refuse(true);
    await expect(chat([{ role: 'user', content: 'x' }])).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect(embed(['x'])).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(sent).toEqual([]);
  });

  it('has no record of texts it is not sent', async () => {
    const { embed, audit } = start();
    await embed([]);
    expect(audit.events()).toEqual([]);
  });
});

describe('the models of the settings', () => {
  const embed = async (settings: Record<string, string>) => {
    const audit = createMemoryAuditLog();
    const { embedder } = createLocalModels(parseConfig(settings), audit);
    const failed = await embedder.embed({ model: 'e', texts: ['x'] }, signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(failed).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    return audit.events().map(({ subject }) => subject);
  };

  it('are on record before they are asked elsewhere', async () => {
    expect(await embed({ OLLAMA_URL: 'http://models.invalid:9' })).toEqual(['models.invalid']);
    const server = { LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: 'http://models.invalid:9/v1' };
    expect(await embed(server)).toEqual(['models.invalid']);
  });

  it('are asked without a record on this machine', async () => {
    expect(await embed({ OLLAMA_URL: 'http://127.0.0.1:9' })).toEqual([]);
    expect(await embed({ OLLAMA_URL: 'http://models.invalid:9', OWN_HOSTS: 'models.invalid' })).toEqual([]);
  });
});
