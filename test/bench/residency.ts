import { createMemoryLanguageModel } from '../../adapters/memory/language-model.ts';
import { createResidentModel } from '../../adapters/resident-model.ts';
import type { LanguageModel } from '../../domain/ports.ts';

const samples = 300;

/** Milliseconds with three decimals: here it is about microseconds. */
const precise = (value: number): string => value.toFixed(3);

/** A model server that answers at once, so that what is left is the work of the residency itself. */
const server = createMemoryLanguageModel({ models: ['coder', 'vision'], reply: () => ['yes'] });

function residency(): LanguageModel {
  return createResidentModel({
    model: server,
    loadMs: 300_000,
    isOurs: () => true,
    holder: () => 'bench',
    now: Date.now,
    publish: () => undefined,
  });
}

/** Times from the question to the first event of the answer. */
async function timeFirst(model: LanguageModel, name: string): Promise<number> {
  const request = {
    model: name,
    messages: [{ role: 'user', content: 'hello' }],
    contextTokens: 8192,
    maxOutputTokens: 64,
    temperature: 0,
    think: false,
  } as const;
  const startedAt = performance.now();
  let firstMs: number | undefined;
  for await (const _event of model.chat(request, new AbortController().signal)) {
    firstMs ??= performance.now() - startedAt;
  }
  return firstMs ?? Number.NaN;
}

async function measure(model: LanguageModel, name: (index: number) => string): Promise<number[]> {
  const raw: number[] = [];
  for (let index = 0; index < samples + 20; index += 1) {
    const ms = await timeFirst(model, name(index));
    if (index >= 20) raw.push(ms);
  }
  return raw;
}

function percentile(raw: readonly number[], share: number): string {
  const sorted = raw.toSorted((a, b) => a - b);
  return precise(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

const rows = {
  'the server alone': await measure(server, () => 'coder'),
  'the same model again': await measure(residency(), () => 'coder'),
  'a switch of the model': await measure(residency(), (index) => (index % 2 === 0 ? 'coder' : 'vision')),
};
console.log('| to the first token | p50 ms | p95 ms |\n|---|---|---|');
for (const [name, raw] of Object.entries(rows)) {
  console.log(`| ${name} | ${percentile(raw, 0.5)} | ${percentile(raw, 0.95)} |`);
}
