import { z } from 'zod';

import { flag, hostPath, httpUrl, port, setting, wholeNumber } from './setting.ts';

const text = z.string();
/** A key goes into a header, which cannot hold everything that a paste may bring. */
const key = text.regex(/^[!-~]+$/, 'must be one word of plain letters, digits and signs');
const modelName = text.regex(/^[\w./:-]{1,200}$/, 'must be a model name such as qwen2.5-coder:7b');

/** Local models and the server that runs them. */
export const models = {
  engine: setting(
    z.enum(['ollama', 'openai', 'embedded'], { error: 'must be ollama, openai or embedded' }).prefault('ollama'),
    {
      env: 'LOCAL_ENGINE',
      description: 'What runs local models: Ollama, a server that speaks as OpenAI does, or Talos itself',
      example: 'ollama',
    },
  ),
  openaiUrl: setting(httpUrl.optional(), {
    env: 'OPENAI_BASE_URL',
    description: 'Server for LOCAL_ENGINE=openai, such as llama.cpp, vLLM or LM Studio, with its /v1',
    example: 'http://127.0.0.1:8000/v1',
  }),
  openaiKey: setting(key.optional(), {
    env: 'OPENAI_API_KEY',
    description: 'Key for that server, where it asks for one',
    example: 'sk-...',
    secret: true,
  }),
  embeddedModel: setting(hostPath.optional(), {
    env: 'EMBEDDED_MODEL',
    description: 'GGUF file of the chat model for LOCAL_ENGINE=embedded',
    example: '~/models/qwen2.5-coder-7b.gguf',
    path: true,
  }),
  embeddedEmbedder: setting(hostPath.optional(), {
    env: 'EMBEDDED_EMBEDDING_MODEL',
    description: 'GGUF file of the embedding model for LOCAL_ENGINE=embedded',
    example: '~/models/nomic-embed-text.gguf',
    path: true,
  }),
  autopull: setting(flag.prefault('true'), {
    env: 'MODEL_AUTOPULL_ENABLED',
    description: 'Pull the configured models in the background where they are missing, a small one first',
    example: 'true',
  }),
  starter: setting(modelName.prefault('qwen2.5-coder:0.5b'), {
    env: 'STARTER_MODEL',
    description: 'Small model that is pulled first and answers until the configured one is there',
    example: 'qwen2.5-coder:0.5b',
  }),
  ollamaUrl: setting(httpUrl.optional(), {
    env: 'OLLAMA_URL',
    description: 'An existing Ollama server; none is started then',
    example: 'http://127.0.0.1:11434',
  }),
  ownHosts: setting(
    text
      .transform((names) => names.split(',').map((name) => name.trim().toLowerCase()))
      .transform((names) => names.filter((name) => name !== ''))
      .prefault(''),
    {
      env: 'OWN_HOSTS',
      description: 'Names under which other containers of this machine run models, separated by commas',
      example: 'ollama',
    },
  ),
  ollamaPort: setting(port.optional(), {
    env: 'OLLAMA_PORT',
    description: 'Port of the Ollama that Talos starts',
    example: '11435',
    fallback: '11435',
  }),
  ollamaModelsDir: setting(hostPath.optional(), {
    env: 'OLLAMA_MODELS',
    description: 'Where models are kept',
    example: '~/talos/data/ollama',
    fallback: 'TALOS_HOME/data/ollama',
    path: true,
  }),
  coder: setting(modelName.prefault('qwen2.5-coder:7b'), {
    env: 'QWEN_CODER_MODEL',
    description: 'Local model for text and code',
    example: 'qwen2.5-coder:7b',
  }),
  vision: setting(modelName.prefault('qwen2.5vl:7b'), {
    env: 'QWEN_VL_MODEL',
    description: 'Local model for images',
    example: 'qwen2.5vl:7b',
  }),
  embedding: setting(modelName.prefault('nomic-embed-text'), {
    env: 'EMBEDDING_MODEL',
    description: 'Local embedding model',
    example: 'nomic-embed-text',
  }),
  contextTokens: setting(wholeNumber(2048, 131_072).prefault('8192'), {
    env: 'QWEN_CONTEXT_LENGTH',
    description: 'Context window asked of the local model, in tokens',
    example: '8192',
  }),
  maxOutputTokens: setting(wholeNumber(64, 32_768).prefault('2048'), {
    env: 'QWEN_MAX_TOKENS',
    description: 'Longest local answer in tokens',
    example: '2048',
  }),
  temperature: setting(
    text
      .regex(/^[01](\.\d+)?$|^2(\.0+)?$/, 'must be from 0 to 2')
      .transform(Number)
      .prefault('0.7'),
    { env: 'QWEN_TEMPERATURE', description: 'Sampling temperature, 0 to 2', example: '0.7' },
  ),
  think: setting(flag.prefault('false'), {
    env: 'QWEN_THINK',
    description: 'Let a thinking model think before it answers',
    example: 'false',
  }),
  systemPromptFile: setting(hostPath.optional(), {
    env: 'SYSTEM_PROMPT_FILE',
    description: 'File whose text replaces the system prompt',
    example: '~/talos/config/system-prompt.txt',
    path: true,
  }),
  vramTimeoutSeconds: setting(wholeNumber(10, 3600).prefault('300'), {
    env: 'VRAM_MUTEX_TIMEOUT',
    description: 'Longest wait for the GPU in seconds, and longest time a model may take to load',
    example: '300',
  }),
};

/** What may go to a cloud, and how much. */
export const cloud = {
  geminiKey: setting(key.optional(), {
    env: 'GEMINI_API_KEY',
    description: 'Google Gemini key; without it nothing goes to a cloud',
    example: 'AIza...',
    secret: true,
  }),
  geminiModel: setting(modelName.prefault('gemini-3.8-flash'), {
    env: 'GEMINI_MODEL',
    description: 'Gemini model',
    example: 'gemini-3.8-flash',
  }),
  geminiUrl: setting(httpUrl.optional(), {
    env: 'GEMINI_BASE_URL',
    description: 'Another address of the Gemini interface, such as a proxy of your own',
    example: 'https://gemini.example.org',
  }),
  geminiTimeoutSeconds: setting(wholeNumber(1, 300).prefault('120'), {
    env: 'GEMINI_TIMEOUT',
    description: 'Longest silence of Gemini in seconds before the call is given up',
    example: '120',
  }),
  geminiFallbackModel: setting(modelName.prefault('gemini-3.5-flash-lite'), {
    env: 'GEMINI_FALLBACK_MODEL',
    description: 'Gemini model when the first is over quota',
    example: 'gemini-3.5-flash-lite',
  }),
  geminiTokensPerDay: setting(wholeNumber(1000, 1_000_000).prefault('50000'), {
    env: 'GEMINI_MAX_TOKENS_PER_DAY',
    alias: 'GEMINI_DAILY_TOKEN_LIMIT',
    description: 'Gemini tokens a day, in and out; the day ends at local midnight',
    example: '50000',
  }),
  geminiMaxTokens: setting(wholeNumber(1024, 32_768).prefault('8192'), {
    env: 'GEMINI_MAX_TOKENS',
    description: 'Longest Gemini answer in tokens',
    example: '8192',
  }),
  fallback: setting(z.enum(['auto', 'ask', 'never'], { error: 'must be auto, ask or never' }).prefault('auto'), {
    env: 'CLOUD_FALLBACK',
    description: 'When Gemini may answer in place of the local model',
    example: 'auto',
  }),
  shareMemory: setting(flag.prefault('false'), {
    env: 'CLOUD_SHARE_MEMORY',
    description: 'Send memories along with a message to Gemini',
    example: 'false',
  }),
};

/** Messages, memories and the chat bots. */
export const chat = {
  maxLength: setting(wholeNumber(100, 100_000).prefault('10000'), {
    env: 'PROMPT_MAX_LENGTH',
    description: 'Longest message in characters',
    example: '10000',
  }),
  memoryItems: setting(wholeNumber(0, 50).prefault('10'), {
    env: 'MEMORY_CONTEXT_WINDOW',
    description: 'Most memories put into a prompt',
    example: '10',
  }),
  telegramToken: setting(text.optional(), {
    env: 'TELEGRAM_BOT_TOKEN',
    description: 'Enables the Telegram bot; nothing reads it yet',
    example: '123456:ABC...',
    secret: true,
  }),
  discordToken: setting(text.optional(), {
    env: 'DISCORD_BOT_TOKEN',
    description: 'Enables the Discord bot; nothing reads it yet',
    example: 'MTA...',
    secret: true,
  }),
};
