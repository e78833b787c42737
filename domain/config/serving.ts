import { z } from 'zod';

import { flag, hostPath, port, setting, wholeNumber } from './setting.ts';

const text = z.string();

/** The writer of the log takes none of these in a path, and some of them would end or change paths elsewhere. */
const homePath = hostPath.regex(/^[^<>"|?*:\n]*$/, 'must hold none of < > " | ? * : and no line end');

/** Where Talos keeps its state and which block of ports it takes. */
export const home = {
  dir: setting(homePath.prefault('~/talos'), {
    env: 'TALOS_HOME',
    description: 'State directory of the agent',
    example: '~/talos',
    path: true,
  }),
  walletDir: setting(hostPath.prefault('~/.talos'), {
    env: 'TALOS_WALLET_HOME',
    description: 'State directory of wallet and protocol; nothing reads it yet',
    example: '~/.talos',
    path: true,
  }),
  enginesDir: setting(hostPath.prefault('~/.cache/talos/engines'), {
    env: 'TALOS_ENGINES_DIR',
    description: 'Where engines are kept, shared by all state directories',
    example: '~/.cache/talos/engines',
    path: true,
  }),
  portBase: setting(wholeNumber(1024, 65_500).optional(), {
    env: 'TALOS_PORT_BASE',
    description: 'Moves all ports into the block of ten that starts here',
    example: '20000',
  }),
};

/** A hash that lost a part in copying would otherwise be taken for a password in plain text. */
function isPasswordOrWholeHash(value: string): boolean {
  return !value.startsWith('scrypt:') || /^scrypt:\d{1,8}:\d{1,3}:\d{1,3}:[\w-]{16,64}:[\w-]{22,86}$/.test(value);
}

/** Blank parts count as none: a comma at the end harms nothing. */
function areOrigins(list: string): boolean {
  return list.split(',').every((part) => part.trim() === '' || isOrigin(part.trim()));
}

function isOrigin(part: string): boolean {
  const url = URL.parse(part);
  return url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
}

/** The API. */
export const web = {
  user: setting(text.regex(/^[A-Za-z0-9]{1,32}$/, 'must be 1 to 32 letters or digits').prefault('admin'), {
    env: 'BASIC_AUTH_USER',
    description: 'User name for the API',
    example: 'admin',
  }),
  password: setting(
    text
      .min(16, 'must have at least 16 characters')
      .max(200, 'must have at most 200 characters')
      .refine(isPasswordOrWholeHash, 'starts with scrypt: but is not a whole hash of `talos config hash`')
      .optional(),
    {
      env: 'BASIC_AUTH_PASS',
      description: 'Password for the API, at least 16 characters; may be a hash made by `talos config hash`',
      example: 'correct-horse-battery-staple',
      fallback: 'made at the first start',
      secret: true,
    },
  ),
  port: setting(port.optional(), {
    env: 'WEB_PORT',
    description: 'Port of the API',
    example: '8080',
    fallback: '8080',
  }),
  bind: setting(z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).prefault('127.0.0.1'), {
    env: 'WEB_BIND',
    description: 'Address the API listens on',
    example: '127.0.0.1',
  }),
  origins: setting(
    text.refine(areOrigins, 'must be origins such as https://talos.example, separated by commas').prefault(''),
    {
      env: 'WEB_ORIGINS',
      description: 'Further origins that may call the API from a browser, separated by commas',
      example: 'https://talos.example',
    },
  ),
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
    description: 'Open the browser when Talos is ready and a desktop is there; nothing reads it yet',
    example: 'true',
  }),
};

/** Which process serves which work. */
export const processes = {
  workers: setting(z.enum(['split', 'single'], { error: 'must be split or single' }).prefault('split'), {
    env: 'TALOS_WORKERS',
    description: 'split: model and sandbox work in a process of its own; single: everything in the API process',
    example: 'split',
  }),
  roles: setting(
    text
      .regex(/^(core|gpu|sandbox)(,(core|gpu|sandbox))*$/, 'must be core, gpu, sandbox or several of them')
      .transform((roles) => roles.split(','))
      .prefault('gpu,sandbox'),
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
