import { describe, expect, it } from 'vitest';

import { readModelName } from '../../../../domain/models/name.ts';

const ollama = 'registry.ollama.ai';

describe('a model name', () => {
  it.each([
    ['mistral', 'mistral:latest', ollama],
    ['qwen2.5-coder:7b', 'qwen2.5-coder:7b', ollama],
    ['library/mistral:7b', 'mistral:7b', ollama],
    ['someone/mistral', 'someone/mistral:latest', ollama],
    ['registry.ollama.ai/library/mistral', 'mistral:latest', ollama],
    ['https://Registry.Example/library/tiny:1', 'registry.example/library/tiny:1', 'registry.example'],
    ['hf.co/someone/Some-Model-GGUF:Q4_K_M', 'hf.co/someone/Some-Model-GGUF:Q4_K_M', 'hf.co'],
  ])('%s is listed as %s and comes from %s', (text, listed, host) => {
    expect(readModelName(text)).toEqual({ listed, asked: listed, host, insecure: false, local: false });
  });

  it.each(['http://127.0.0.1:5000/library/tiny', 'http://localhost:5000/library/tiny:latest'])(
    '%s comes without TLS, as only this machine may send it',
    (text) => {
      const { asked, listed, insecure, local } = readModelName(text);
      expect({ insecure, local }).toEqual({ insecure: true, local: true });
      expect(asked).toBe(`http://${listed}`);
    },
  );

  it.each([
    'http://registry.example/library/tiny',
    'http://127.0.0.1.evil.example/library/tiny',
    'http://localhost.evil.example/library/tiny',
    'http://10.0.0.1/library/tiny',
    'http://169.254.169.254/latest/meta-data',
  ])('%s is refused: it would come without TLS', (text) => {
    expect(() => readModelName(text)).toThrow(/without TLS/);
  });

  it.each([
    '',
    ' ',
    '../../etc/passwd',
    'a/b/c/d',
    'tiny:',
    'tiny:a:b',
    'a b',
    '-rf',
    'tiny\n',
    'https://mistral',
    'host:port/x/y',
    'user:pass@host/x/y',
    'ti ny:7b',
    `${'a'.repeat(81)}`,
    'tiny?x=1',
    'tiny#1',
    'ti%2fny',
  ])('%j is none', (text) => {
    expect(() => readModelName(text)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});
