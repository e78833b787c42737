import { z } from 'zod';

import { flag, setting, wholeNumber } from './setting.ts';

const text = z.string();

/** What skills may do. */
export const skills = {
  trustLevel: setting(wholeNumber(0, 5).prefault('0'), {
    env: 'TRUST_LEVEL',
    description: 'What skills may do without asking, 0 (nothing) to 5',
    example: '0',
  }),
  consentDays: setting(wholeNumber(1, 30).prefault('7'), {
    env: 'SKILL_CONSENT_DAYS',
    description: 'How long a call of a skill waits for the consent it needs, in days; then it is not made',
    example: '7',
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
  autoload: setting(flag.prefault('true'), {
    env: 'SKILL_AUTOLOAD_ENABLED',
    description: 'Hand in the skills that come with Talos at the first start; they are quarantined like any other',
    example: 'true',
  }),
  sandboxDriver: setting(
    z.enum(['bubblewrap', 'docker'], { error: 'must be bubblewrap or docker' }).prefault('bubblewrap'),
    {
      env: 'SANDBOX_DRIVER',
      description: 'What skills run in: bubblewrap, or Docker behind the socket proxy',
      example: 'bubblewrap',
    },
  ),
  socketProxyUrl: setting(
    text
      .regex(/^(unix:\/\/\/|https?:\/\/)[^\s\0]+$/, 'must be unix:// with a path, or an http or https address')
      .prefault('unix:///run/talos/docker.sock'),
    {
      env: 'SOCKET_PROXY_URL',
      description: 'Docker socket proxy, through which sandbox containers are made; ours listens on a Unix socket',
      example: 'unix:///run/talos/docker.sock',
    },
  ),
};

/** Nightly work, backups and logs. */
export const upkeep = {
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
  dreamSoftCapSeconds: setting(wholeNumber(1, 28_800).prefault('1680'), {
    env: 'DREAM_SOFT_CAP_SECONDS',
    description: 'After so long the nightly maintenance begins nothing new and writes its report',
    example: '1680',
  }),
  dreamHardCapSeconds: setting(wholeNumber(2, 28_860).prefault('1800'), {
    env: 'DREAM_HARD_CAP_SECONDS',
    description: 'After so long the nightly maintenance is over, whatever it was doing',
    example: '1800',
  }),
  tier2Days: setting(wholeNumber(7, 90).prefault('30'), {
    env: 'LOG_TIER2_RETENTION_DAYS',
    description: 'Days a log of operations is kept; those of as many last days with logs stay however old',
    example: '30',
  }),
  tier3Days: setting(wholeNumber(1, 30).prefault('7'), {
    env: 'LOG_TIER3_RETENTION_DAYS',
    description: 'Days a debug log is kept; those of as many last days with logs stay however old',
    example: '7',
  }),
  backupRetentionDays: setting(wholeNumber(1, 365).prefault('30'), {
    env: 'BACKUP_RETENTION_DAYS',
    description: 'Days a backup is kept; nothing reads it yet',
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
