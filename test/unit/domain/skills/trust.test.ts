import { describe, expect, it } from 'vitest';

import { SkillPermissions } from '../../../../domain/skills/manifest.ts';
import { asksFor } from '../../../../domain/skills/trust.ts';

const none = SkillPermissions.parse({});
const hosts = SkillPermissions.parse({ hosts: ['api.example.org'] });
const secrets = SkillPermissions.parse({
  hosts: ['api.example.org'],
  secrets: [{ name: 'WEATHER_KEY', host: 'api.example.org', header: 'Authorization' }],
});
const memory = SkillPermissions.parse({ memory: 'read' });
const tools = SkillPermissions.parse({ tools: ['search'] });
const folders = SkillPermissions.parse({ folders: [{ name: 'inbox', access: 'write' }] });

describe('a call of a skill', () => {
  it.each([
    // permissions          0      1      2      3      4      5
    ['nothing', none, [false, false, false, false, false, false]],
    ['hosts', hosts, [true, true, false, false, false, false]],
    ['hosts and a secret', secrets, [true, true, true, false, false, false]],
    ['memory', memory, [true, true, true, true, true, true]],
    ['tools', tools, [true, true, true, true, true, true]],
    ['a folder', folders, [true, true, true, true, true, true]],
  ] as const)('that may use %s is asked for by level', (_name, permissions, asked) => {
    expect([0, 1, 2, 3, 4, 5].map((level) => asksFor(permissions, level).length > 0)).toEqual(asked);
  });

  it('says what it would do, and only what is not free', () => {
    expect(asksFor(secrets, 0)).toEqual(['reach api.example.org', 'use secret WEATHER_KEY at api.example.org']);
    expect(asksFor(secrets, 2)).toEqual(['use secret WEATHER_KEY at api.example.org']);
    expect(asksFor(folders, 5)).toEqual(['write folder inbox']);
  });
});
