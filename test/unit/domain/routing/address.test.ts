import { expect, it } from 'vitest';

import { leavesMachine } from '../../../../domain/routing/address.ts';

it.each([
  'http://127.0.0.1:11434',
  'http://127.8.9.1',
  'http://localhost:11434/',
  'http://LOCALHOST',
  'http://models.localhost',
  'http://[::1]:8000/v1',
  'http://0.0.0.0:11434',
  'http://[::ffff:127.0.0.1]:80',
  'http://user:secret@127.0.0.1:11434',
  'http://2130706433/',
])('%s stays on this machine', (address) => {
  expect(leavesMachine(address)).toBeUndefined();
});

it.each([
  ['http://ollama:11434', 'ollama'],
  ['https://gpu.example.org/v1', 'gpu.example.org'],
  ['http://192.168.1.4:11434', '192.168.1.4'],
  ['http://user:secret@gpu.example.org', 'gpu.example.org'],
  ['http://127.0.0.1.example.org', '127.0.0.1.example.org'],
  ['http://localhost.example.org', 'localhost.example.org'],
  ['http://[2001:db8::1]', '[2001:db8::1]'],
  ['no address', 'no address'],
])('%s is another host', (address, host) => {
  expect(leavesMachine(address)).toBe(host);
});
