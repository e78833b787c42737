import { z } from 'zod';

import { byteSize, flag, httpUrl, port, setting, wholeNumber } from './setting.ts';

const text = z.string();
const modelName = text.regex(/^[\w./:-]{1,200}$/, 'must be a model name such as qwen2.5-coder:7b');

const home = {
  dir: setting(text.optional(), { env: 'TALOS_HOME', description: 'State directory of the agent', example: '~/talos' }),
  walletDir: setting(text.optional(), {
    env: 'TALOS_WALLET_HOME',
    description: 'State directory of wallet and protocol',
    example: '~/.talos',
  }),
  enginesDir: setting(text.optional(), {
    env: 'TALOS_ENGINES_DIR',
    description: 'Where engines are kept, shared by all state directories',
    example: '~/.cache/talos/engines',
  }),
  portBase: setting(wholeNumber(1024, 65_500).optional(), {
    env: 'TALOS_PORT_BASE',
    description: 'Moves all ports into the block of ten that starts here',
    example: '20000',
  }),
};

const web = {
  user: setting(text.regex(/^[A-Za-z0-9]{1,32}$/, 'must be 1 to 32 letters or digits').prefault('admin'), {
    env: 'BASIC_AUTH_USER',
    description: 'User name for API and dashboard',
    example: 'admin',
  }),
  password: setting(
    text.min(16, 'must have at least 16 characters').max(200, 'must have at most 200 characters').optional(),
    {
      env: 'BASIC_AUTH_PASS',
      description: 'Password for API and dashboard, at least 16 characters; may be a hash made by `talos config hash`',
      example: 'correct-horse-battery-staple',
      secret: true,
    },
  ),
  port: setting(port.optional(), { env: 'WEB_PORT', description: 'Port of API and dashboard', example: '8080' }),
  bind: setting(z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).prefault('127.0.0.1'), {
    env: 'WEB_BIND',
    description: 'Address API and dashboard listen on',
    example: '127.0.0.1',
  }),
  origins: setting(text.prefault(''), {
    env: 'WEB_ORIGINS',
    description: 'Further origins that may call the API from a browser, separated by commas',
    example: 'https://talos.example',
  }),
  rateMax: setting(wholeNumber(10, 100_000).prefault('100'), {
    env: 'API_RATE_LIMIT_MAX',
    description: 'Requests per IP address and window',
    example: '100',
  }),
  rateWindowSeconds: setting(wholeNumber(1, 3600).prefault('60'), {
    env: 'API_RATE_LIMIT_WINDOW',
    description: 'Window of the request limit in seconds',
    example: '60',
  }),
  waitSeconds: setting(wholeNumber(0, 600).prefault('60'), {
    env: 'CHAT_WAIT_SECONDS',
    description: 'How long POST /chat waits for the answer before it replies 202',
    example: '60',
  }),
  autoOpen: setting(flag.prefault('true'), {
    env: 'DASHBOARD_AUTO_OPEN',
    description: 'Open the browser when Talos is ready and a desktop is there',
    example: 'true',
  }),
};

const temporal = {
  address: setting(text.regex(/^[\w.-]+:\d{2,5}$/, 'must be host:port').optional(), {
    env: 'TEMPORAL_ADDRESS',
    description: 'An existing Temporal cluster; none is started then',
    example: 'temporal.example:7233',
  }),
  namespace: setting(text.regex(/^[\w.-]{1,100}$/, 'must be a namespace').prefault('talos'), {
    env: 'TEMPORAL_NAMESPACE',
    description: 'Temporal namespace',
    example: 'talos',
  }),
  taskQueue: setting(text.regex(/^[\w-]{1,60}$/, 'must be letters, digits, "-" or "_"').prefault('talos'), {
    env: 'TEMPORAL_TASK_QUEUE',
    description: 'Name of the core task queue and prefix of the others',
    example: 'talos',
  }),
  apiKey: setting(text.optional(), {
    env: 'TEMPORAL_API_KEY',
    description: 'API key of Temporal Cloud',
    example: 'eyJhbGciOi...',
    secret: true,
  }),
  tls: setting(flag.optional(), {
    env: 'TEMPORAL_TLS',
    description: 'Use TLS; on by itself with an API key or certificate',
    example: 'true',
  }),
  tlsServerName: setting(text.optional(), {
    env: 'TEMPORAL_TLS_SERVER_NAME',
    description: 'Name the server certificate must carry',
    example: 'temporal.example',
  }),
  tlsCa: setting(text.optional(), {
    env: 'TEMPORAL_TLS_CA',
    description: 'File with the certificate authority (PEM)',
    example: '/etc/talos/ca.pem',
  }),
  tlsCert: setting(text.optional(), {
    env: 'TEMPORAL_TLS_CERT',
    description: 'File with the client certificate (PEM)',
    example: '/etc/talos/client.pem',
  }),
  tlsKey: setting(text.optional(), {
    env: 'TEMPORAL_TLS_KEY',
    description: 'File with the key of the client certificate (PEM)',
    example: '/etc/talos/client.key',
  }),
  port: setting(port.optional(), {
    env: 'TEMPORAL_PORT',
    description: 'Port of the local Temporal server',
    example: '7233',
  }),
  uiPort: setting(port.optional(), {
    env: 'TEMPORAL_UI_PORT',
    description: 'Port of the Temporal Web UI',
    example: '8233',
  }),
};

const redis = {
  url: setting(text.regex(/^(rediss?|unix):\/\/\S+$/, 'must start with redis://, rediss:// or unix://').optional(), {
    env: 'REDIS_URL',
    description: 'An existing Redis; none is started then',
    example: 'redis://redis:6379/0',
    secret: true,
  }),
  maxMemoryBytes: setting(byteSize('16mb', '2gb').prefault('512mb'), {
    env: 'REDIS_MAX_MEMORY',
    description: 'Memory ceiling of Redis',
    example: '512mb',
  }),
  maxMemoryPolicy: setting(
    z
      .literal('noeviction', { error: 'must be noeviction: anything else lets Redis drop lockdown, codes and strikes' })
      .prefault('noeviction'),
    {
      env: 'REDIS_MAX_MEMORY_POLICY',
      description: 'Always noeviction: state must not vanish under memory pressure',
      example: 'noeviction',
    },
  ),
};

const chroma = {
  url: setting(httpUrl.optional(), {
    env: 'CHROMA_URL',
    description: 'An existing Chroma server; none is started then',
    example: 'http://chroma:8000',
  }),
  port: setting(port.optional(), {
    env: 'CHROMA_PORT',
    description: 'Port of the local Chroma server',
    example: '8767',
  }),
  maxVectors: setting(wholeNumber(1000, 1_000_000).prefault('100000'), {
    env: 'CHROMADB_MAX_VECTORS',
    description: 'Hard ceiling of stored vectors',
    example: '100000',
  }),
};

const models = {
  ollamaUrl: setting(httpUrl.optional(), {
    env: 'OLLAMA_URL',
    description: 'An existing Ollama server; none is started then',
    example: 'http://127.0.0.1:11434',
  }),
  ollamaPort: setting(port.optional(), {
    env: 'OLLAMA_PORT',
    description: 'Port of the Ollama that Talos starts',
    example: '11435',
  }),
  ollamaModelsDir: setting(text.optional(), {
    env: 'OLLAMA_MODELS',
    description: 'Where models are kept',
    example: '~/talos/data/ollama',
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
  systemPromptFile: setting(text.optional(), {
    env: 'SYSTEM_PROMPT_FILE',
    description: 'File whose text replaces the system prompt',
    example: '~/talos/config/system-prompt.txt',
  }),
  vramTimeoutSeconds: setting(wholeNumber(10, 3600).prefault('300'), {
    env: 'VRAM_MUTEX_TIMEOUT',
    description: 'Longest wait for the GPU in seconds',
    example: '300',
  }),
};

const cloud = {
  geminiKey: setting(text.optional(), {
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
  geminiFallbackModel: setting(modelName.prefault('gemini-3.5-flash-lite'), {
    env: 'GEMINI_FALLBACK_MODEL',
    description: 'Gemini model when the first is over quota',
    example: 'gemini-3.5-flash-lite',
  }),
  geminiTokensPerDay: setting(wholeNumber(1000, 1_000_000).prefault('50000'), {
    env: 'GEMINI_MAX_TOKENS_PER_DAY',
    description: 'Daily Gemini token limit',
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

const chat = {
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
    description: 'Enables the Telegram bot',
    example: '123456:ABC...',
    secret: true,
  }),
  discordToken: setting(text.optional(), {
    env: 'DISCORD_BOT_TOKEN',
    description: 'Enables the Discord bot',
    example: 'MTA...',
    secret: true,
  }),
};

const skills = {
  trustLevel: setting(wholeNumber(0, 5).prefault('0'), {
    env: 'TRUST_LEVEL',
    description: 'What skills may do without asking, 0 (nothing) to 5',
    example: '0',
  }),
  strikeThreshold: setting(wholeNumber(1, 10).prefault('3'), {
    env: 'STRIKE_THRESHOLD',
    description: 'Failures of a skill until it is deprecated',
    example: '3',
  }),
  maxSizeBytes: setting(wholeNumber(1024, 10_485_760).prefault('1048576'), {
    env: 'SKILL_MAX_SIZE_BYTES',
    description: 'Largest skill in bytes',
    example: '1048576',
  }),
  sandboxTimeoutSeconds: setting(wholeNumber(1, 300).prefault('60'), {
    env: 'SANDBOX_TIMEOUT',
    description: 'Longest sandbox run in seconds',
    example: '60',
  }),
  socketProxyUrl: setting(text.prefault('http://socket-proxy:2375'), {
    env: 'SOCKET_PROXY_URL',
    description: 'Docker socket proxy',
    example: 'http://socket-proxy:2375',
  }),
};

const upkeep = {
  dreamHour: setting(wholeNumber(0, 23).prefault('4'), {
    env: 'DREAM_CYCLE_HOUR',
    description: 'Hour of the nightly maintenance, local time',
    example: '4',
  }),
  dreamMinute: setting(wholeNumber(0, 59).prefault('0'), {
    env: 'DREAM_CYCLE_MINUTE',
    description: 'Minute of the nightly maintenance',
    example: '0',
  }),
  backupRetentionDays: setting(wholeNumber(1, 365).prefault('30'), {
    env: 'BACKUP_RETENTION_DAYS',
    description: 'Days a backup is kept',
    example: '30',
  }),
  logLevel: setting(
    text
      .toLowerCase()
      .transform((level) => ({ warning: 'warn', critical: 'fatal' })[level] ?? level)
      .pipe(
        z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], {
          error: 'must be DEBUG, INFO, WARNING, ERROR or CRITICAL',
        }),
      )
      .prefault('INFO'),
    { env: 'LOG_LEVEL', description: 'Least severe line in the operations log', example: 'INFO' },
  ),
};

const processes = {
  workers: setting(z.enum(['split', 'single'], { error: 'must be split or single' }).prefault('split'), {
    env: 'TALOS_WORKERS',
    description: 'split: model and sandbox work in a process of its own; single: everything in the API process',
    example: 'split',
  }),
  roles: setting(
    text
      .regex(/^(core|gpu|sandbox)(,(core|gpu|sandbox))*$/, 'must be core, gpu, sandbox or several of them')
      .prefault('gpu,sandbox')
      .transform((roles) => roles.split(',')),
    {
      env: 'TALOS_WORKER_ROLES',
      description: 'Task queues a worker process started by hand serves',
      example: 'core,gpu,sandbox',
    },
  ),
  apiHostsCore: setting(flag.prefault('true'), {
    env: 'TALOS_API_CORE_WORKER',
    description: 'The API process also serves the core task queue: the lowest latency',
    example: 'true',
  }),
};

const downloads = {
  temporal: setting(httpUrl.prefault('https://github.com/temporalio/cli/releases/download'), {
    env: 'TALOS_TEMPORAL_RELEASES',
    description: 'Where official Temporal CLI releases are fetched',
    example: 'https://github.com/temporalio/cli/releases/download',
  }),
  ollama: setting(httpUrl.prefault('https://github.com/ollama/ollama/releases/download'), {
    env: 'TALOS_OLLAMA_RELEASES',
    description: 'Where official Ollama releases are fetched',
    example: 'https://github.com/ollama/ollama/releases/download',
  }),
  timeoutSeconds: setting(wholeNumber(1, 60).prefault('4'), {
    env: 'TALOS_RELEASE_TIMEOUT',
    description: 'Seconds a release host has to answer before the other way is taken',
    example: '4',
  }),
};

/** Every setting, in groups. Group and key name it in the code, `env` in the world. */
export const settingGroups = {
  home,
  web,
  temporal,
  redis,
  chroma,
  models,
  cloud,
  chat,
  skills,
  upkeep,
  processes,
  downloads,
};
