import { messageId, type ImageRef, type MessageRecord } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { ImageStore } from '../domain/images/ports.ts';
import { chooseVisionModel, shortModelName } from '../domain/models/choose.ts';
import type { ModelImage, ModelRequest } from '../domain/models/model.ts';
import type { ModelChoices } from '../domain/models/store.ts';
import type { LanguageModel } from '../domain/ports.ts';

type Deps = {
  readonly model: LanguageModel;
  /** Without a store this engine brings no models. */
  readonly modelPorts: { readonly choices: ModelChoices; readonly store?: unknown };
  readonly images: ImageStore;
  readonly settings: { readonly visionModel: string };
};

type Chosen = { readonly model: string; readonly notice?: string };

/** Who answers a message, and what it is shown. */
export type Sight = Chosen & { readonly images: readonly ModelImage[]; readonly canCall: boolean };

/**
 * A message with images is answered by the vision model, any other one by the chosen one. Fails with VISION_MISSING where no model can
 * see: images are never left out without a word.
 */
export async function chooseSight(deps: Deps, record: MessageRecord, chosen: Chosen): Promise<Sight> {
  const refs = record.options?.images ?? [];
  if (refs.length === 0) return { ...chosen, images: [], canCall: true };
  const [installed, { vision: byOwner }] = await Promise.all([deps.model.installed(), deps.modelPorts.choices.get()]);
  const wanted = byOwner ?? deps.settings.visionModel;
  const model = chooseVisionModel(installed, wanted);
  if (model === undefined)
    throw deps.modelPorts.store === undefined ? notServed() : notInstalled(shortModelName(wanted));
  const { vision, tools } = await deps.model.capabilities(model);
  if (!vision) throw blind(model);
  return { model, canCall: tools, images: await Promise.all(refs.map((ref) => readImage(deps, record, ref))) };
}

/** The request with the images beside the message they came with, its last one of a user. */
export function showImages(request: ModelRequest, images: readonly ModelImage[]): ModelRequest {
  if (images.length === 0) return request;
  const place = request.messages.findLastIndex(({ role }) => role === 'user');
  const messages = request.messages.map((message, index) =>
    index === place && message.role === 'user' ? { ...message, images } : message,
  );
  return { ...request, messages };
}

async function readImage({ images }: Deps, record: MessageRecord, { hash, type }: ImageRef): Promise<ModelImage> {
  const bytes = await images.get(hash);
  if (bytes !== undefined) return { type, base64: Buffer.from(bytes).toString('base64') };
  throw new TalosError(
    'NOT_FOUND',
    `Image ${hash} of message ${messageId(record)} is no longer kept; send the message again.`,
  );
}

function notInstalled(model: string): TalosError {
  const fix = `talos models pull ${model}`;
  return new TalosError('VISION_MISSING', `The model for images, ${model}, is not installed; run: ${fix}`, {
    details: { model, fix },
  });
}

function notServed(): TalosError {
  const fix = 'set QWEN_VL_MODEL to a model of that server that can see images, or choose LOCAL_ENGINE=ollama';
  const message = `The engine of LOCAL_ENGINE does not list the model for images; ${fix}. Models inside Talos see none.`;
  return new TalosError('VISION_MISSING', message, { details: { fix } });
}

function blind(model: string): TalosError {
  const message = `${model} cannot see images; name one that can in QWEN_VL_MODEL, such as qwen2.5vl:7b, and run: talos models pull qwen2.5vl:7b`;
  return new TalosError('VISION_MISSING', message, { details: { model, fix: 'talos models pull qwen2.5vl:7b' } });
}
