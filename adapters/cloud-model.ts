import { closedUntil } from '../domain/cloud/breaker.ts';
import { localDay, nextLocalDay } from '../domain/cloud/day.ts';
import { leastAnswerTokens } from '../domain/cloud/limits.ts';
import { createMeter, estimatePrompt, type Meter } from '../domain/cloud/meter.ts';
import { type NamedModel, shutdownNote } from '../domain/cloud/models.ts';
import type { CloudBreaker, CloudBudget, CloudClient, CloudModel } from '../domain/cloud/ports.ts';
import type { CloudRequest, CloudState } from '../domain/cloud/ports.ts';
import { TalosError, toTalosError } from '../domain/errors.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';
import { type Allowance, createAllowance } from './cloud-allowance.ts';
import { answerOf } from './cloud-answer.ts';
import { checkCloudModels } from './cloud-check.ts';
import { createCloudGuard } from './cloud-guard.ts';

/** What the settings say of the cloud. The second model stands in when the first is over its quota. */
export type CloudSettings = {
  readonly model: string;
  readonly fallbackModel: string;
  readonly tokensPerDay: number;
  readonly maxOutputTokens: number;
};

type CloudOptions = {
  readonly client: CloudClient;
  readonly budget: CloudBudget;
  readonly breaker: CloudBreaker;
  readonly audit: AuditLog;
  readonly logger: Logger;
  readonly settings: CloudSettings;
  readonly now: () => number;
  readonly newId: () => string;
};

/** A cloud model that can also be asked whether it has the configured models; what the owner should know is told from then on. */
export type CheckedCloud = CloudModel & { check(signal: AbortSignal): Promise<readonly string[]> };

/** The cloud behind its breaker and its daily budget. */
export function createCloudModel(options: CloudOptions): CheckedCloud {
  const { client, budget, breaker, audit, logger, settings, now, newId } = options;
  const { host } = client;
  const models = modelsOf(settings);
  const guard = createCloudGuard({ host, breaker, audit, logger, now });
  let found: readonly string[] = [];

  const chat: CloudModel['chat'] = async function* (request, signal, onCall) {
    signal.throwIfAborted();
    refuseImages(request);
    const id = newId();
    const prompt = estimatePrompt(request);
    const wanted = Math.min(request.maxOutputTokens, settings.maxOutputTokens);
    const allowance = createAllowance({ budget, id, limit: settings.tokensPerDay, now });
    const maxOutputTokens = await allowance.take(prompt, wanted);
    const meter = createMeter(prompt);
    const call = { client, models, meter, allowance, onCall, isShortened: maxOutputTokens < wanted };
    let failure: unknown;
    try {
      yield* guard.watch(id, signal, (limited) =>
        answerOf({ ...call, request: { ...request, maxOutputTokens } }, limited),
      );
    } catch (thrown) {
      if (!signal.aborted) failure = thrown;
      throw thrown;
    } finally {
      await book(allowance, usedBy(meter, failure));
    }
  };

  /** A budget that cannot be written takes no answer away; what is held then counts as used. */
  async function book(allowance: Allowance, tokens: number): Promise<void> {
    await allowance.settle(tokens).catch((thrown: unknown) => {
      const { code } = toTalosError(thrown);
      logger.error({ host, tokens, code, err: thrown }, 'what the cloud used was not booked');
    });
  }

  const notesAt = (at: number) => [...models.flatMap((named) => shutdownNote(named, at) ?? []), ...found];

  async function state(): Promise<CloudState> {
    const at = now();
    const [{ used, held }, current] = await Promise.all([budget.use(localDay(at), at), breaker.current()]);
    const { model, tokensPerDay } = settings;
    const use = { model, tokensUsed: used, notes: notesAt(at) };
    if (tokensPerDay - used < leastAnswerTokens)
      return { ...use, kind: 'spent', until: nextLocalDay(at), tokensLeft: 0 };
    const tokensLeft = Math.max(0, tokensPerDay - used - held);
    const until = closedUntil(current, at);
    if (until === undefined) return { ...use, kind: 'ready', tokensLeft };
    return { ...use, kind: 'paused', tokensLeft, until, isProbing: current.kind === 'half-open' };
  }

  return {
    host,
    state,
    chat,
    async check(signal) {
      found = await checkCloudModels({ client, guard, audit, models, newId }, signal);
      return notesAt(now());
    },
  };
}

function modelsOf({ model, fallbackModel }: CloudSettings): NamedModel[] {
  const first: NamedModel = { setting: 'GEMINI_MODEL', model };
  return fallbackModel === model ? [first] : [first, { setting: 'GEMINI_FALLBACK_MODEL', model: fallbackModel }];
}

function refuseImages({ messages }: CloudRequest): void {
  if (messages.some((message) => message.role === 'user' && (message.images?.length ?? 0) > 0)) {
    throw new TalosError('CLOUD_REFUSED', 'Images never go to the cloud; ask a local model that can see.', {
      details: { reason: 'image' },
    });
  }
}

/** Ends without a word that may have cost something all the same. */
const costly = new Set<unknown>(['silent', 'cut-off', 'malformed', 'endless', 'empty']);

/** Whoever refuses a request, or is not there, takes nothing for it. */
function usedBy(meter: Meter, failure: unknown): number {
  if (!meter.hasBegun() && failure instanceof TalosError) {
    if (failure.code !== 'CLOUD_BLOCKED' && !costly.has(failure.details['reason'])) return 0;
  }
  const { promptTokens, outputTokens } = meter.usage();
  return promptTokens + outputTokens;
}
