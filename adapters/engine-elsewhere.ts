import type { AuditLog, Embedder, LanguageModel } from '../domain/ports.ts';

type Engine = { readonly model: LanguageModel; readonly embedder: Embedder };
type Options = { readonly host: string; readonly audit: AuditLog };

type Content = { readonly model: string; readonly kinds: string; readonly parts: readonly unknown[] };

/** The models of an engine on another host, with every text that leaves this machine for them on record before it is sent. */
export function auditElsewhere<Models extends Engine>(models: Models, { host, audit }: Options): Models {
  const record = ({ model, kinds, parts }: Content) => {
    const bytes = parts.reduce<number>((sum, part) => sum + Buffer.byteLength(JSON.stringify(part)), 0);
    return audit.append({
      type: 'engine-called',
      actor: 'talos',
      subject: host,
      details: { host, model, kinds, bytes },
    });
  };
  return { ...models, model: auditedModel(models.model, record), embedder: auditedEmbedder(models.embedder, record) };
}

type Recorder = (content: Content) => Promise<unknown>;

function auditedModel(model: LanguageModel, record: Recorder): LanguageModel {
  return {
    ...model,
    async *chat(request, signal) {
      const { messages, tools = [] } = request;
      const showsImage = messages.some((message) => message.role === 'user' && (message.images ?? []).length > 0);
      const kinds = showsImage ? 'prompt image' : 'prompt';
      await record({ model: request.model, kinds, parts: [...messages, ...tools] });
      yield* model.chat(request, signal);
    },
  };
}

function auditedEmbedder(embedder: Embedder, record: Recorder): Embedder {
  return {
    async embed(request, signal) {
      const { model, texts } = request;
      if (texts.length > 0) await record({ model, kinds: 'text', parts: texts });
      return embedder.embed(request, signal);
    },
  };
}
