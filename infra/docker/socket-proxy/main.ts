import { z } from 'zod';

import { createAudit } from './audit.ts';
import { startSocketProxy } from './proxy.ts';

/** Stands between Talos and the Docker engine: the only process that needs the engine's own socket. */
const Settings = z.object({
  DOCKER_HOST: z
    .string()
    .regex(/^unix:\/\/\//, 'must be unix:// and a path')
    .default('unix:///var/run/docker.sock'),
  SOCKET_PROXY_URL: z
    .string()
    .regex(/^unix:\/\/\//, 'must be unix:// and a path')
    .default('unix:///run/talos/docker.sock'),
  SOCKET_PROXY_OWNER: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .default('talos'),
});

const settings = Settings.parse(process.env);
const path = (url: string): string => url.slice('unix://'.length);
const audit = createAudit(
  (line) => process.stdout.write(line),
  () => new Date(),
);
const proxy = await startSocketProxy({
  engineSocket: path(settings.DOCKER_HOST),
  listenSocket: path(settings.SOCKET_PROXY_URL),
  owner: settings.SOCKET_PROXY_OWNER,
  audit,
});
audit({ decision: 'started', call: `listening on ${settings.SOCKET_PROXY_URL}` });
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    audit({ decision: 'ended', call: signal });
    void proxy.close();
  });
