import { z } from 'zod';

import { byteSize, flag, hostPath, httpUrl, port, setting, wholeNumber } from './setting.ts';

const text = z.string();

/** The Temporal server. */
export const temporal = {
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
  tlsCa: setting(hostPath.optional(), {
    env: 'TEMPORAL_TLS_CA',
    description: 'File with the certificate authority (PEM)',
    example: '/etc/talos/ca.pem',
    path: true,
  }),
  tlsCert: setting(hostPath.optional(), {
    env: 'TEMPORAL_TLS_CERT',
    description: 'File with the client certificate (PEM)',
    example: '/etc/talos/client.pem',
    path: true,
  }),
  tlsKey: setting(hostPath.optional(), {
    env: 'TEMPORAL_TLS_KEY',
    description: 'File with the key of the client certificate (PEM)',
    example: '/etc/talos/client.key',
    path: true,
  }),
  port: setting(port.optional(), {
    env: 'TEMPORAL_PORT',
    description: 'Port of the local Temporal server',
    example: '7233',
    fallback: '7233',
  }),
  uiPort: setting(port.optional(), {
    env: 'TEMPORAL_UI_PORT',
    description: 'Port of the Temporal Web UI',
    example: '8233',
    fallback: '8233',
  }),
};

/** The Redis server. */
export const redis = {
  url: setting(text.regex(/^(rediss?|unix):\/\/\S+$/, 'must start with redis://, rediss:// or unix://').optional(), {
    env: 'REDIS_URL',
    description: 'An existing Redis with maxmemory-policy noeviction; none is started then',
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

/** The Chroma server. */
export const chroma = {
  url: setting(httpUrl.optional(), {
    env: 'CHROMA_URL',
    description: 'An existing Chroma server; none is started then',
    example: 'http://chroma:8000',
  }),
  port: setting(port.optional(), {
    env: 'CHROMA_PORT',
    description: 'Port of the local Chroma server',
    example: '8767',
    fallback: '8767',
  }),
  maxVectors: setting(wholeNumber(1000, 1_000_000).prefault('100000'), {
    env: 'CHROMADB_MAX_VECTORS',
    description: 'Hard ceiling of stored vectors',
    example: '100000',
  }),
};

/** Where engines come from. */
export const downloads = {
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
