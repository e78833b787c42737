import { describe, expect, it } from 'vitest';

import { engineEnvironment, talosEnvironment } from '../../../infra/child-environment.ts';

const env = {
  PATH: '/bin',
  HOME: '/root',
  LC_ALL: 'C',
  CUDA_VISIBLE_DEVICES: '0',
  https_proxy: 'http://proxy',
  BASIC_AUTH_PASS: 'a-long-password-here',
  GEMINI_API_KEY: 'key',
  TEMPORAL_API_KEY: 'key',
  REDIS_URL: 'redis://:secret@host',
  NODE_OPTIONS: '--require /tmp/evil.js',
  EMPTY: undefined,
};

describe('what a child inherits', () => {
  it('holds no secret when it is an engine', () => {
    expect(Object.keys(engineEnvironment(env))).toEqual([
      'PATH',
      'HOME',
      'LC_ALL',
      'CUDA_VISIBLE_DEVICES',
      'https_proxy',
    ]);
  });

  it('is everything, with the home made absolute, when it is Talos itself', () => {
    const { EMPTY: _unset, ...rest } = env;
    expect(talosEnvironment({ ...env, TALOS_HOME: '~/x' }, '/root/x')).toEqual({ ...rest, TALOS_HOME: '/root/x' });
  });
});
