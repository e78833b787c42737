import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { createSkillGrants } from '../../../adapters/skill-grants.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

describe('what the owner lends to skills', () => {
  let files: { secrets: string; grants: string };
  beforeEach(() => {
    const folder = scratchFolder();
    files = { secrets: join(folder, 'secrets.env'), grants: join(folder, 'grants.json') };
  });

  it('is nothing until it is written down', () => {
    const grants = createSkillGrants(files);
    expect(grants.secretOf('WEATHER_API_KEY')).toBeUndefined();
    expect(grants.foldersOf('file-organiser').size).toBe(0);
  });

  it('holds for the skill and the name it was granted to, and ends when it is taken out', () => {
    const grants = createSkillGrants(files);
    writeFileSync(files.grants, JSON.stringify({ folders: { 'file-organiser': { inbox: '/srv/inbox' } } }));
    expect([...grants.foldersOf('file-organiser')]).toEqual([['inbox', '/srv/inbox']]);
    expect(grants.foldersOf('csv-summary').size).toBe(0);
    writeFileSync(files.grants, JSON.stringify({ folders: {} }));
    expect(grants.foldersOf('file-organiser').size).toBe(0);
  });

  it('takes secrets only from a file nobody else can read', () => {
    const grants = createSkillGrants(files);
    writeFileSync(files.secrets, 'WEATHER_API_KEY="Bearer abc"\n', { mode: 0o600 });
    expect(grants.secretOf('WEATHER_API_KEY')).toBe('Bearer abc');
    chmodSync(files.secrets, 0o644);
    expect(() => grants.secretOf('WEATHER_API_KEY')).toThrow(/chmod 600/);
  });

  it('never takes one secret for another, or part of one for the whole', () => {
    const grants = createSkillGrants(files);
    writeFileSync(files.secrets, 'A= \nB=of-b\n', { mode: 0o600 });
    expect([grants.secretOf('A'), grants.secretOf('B')]).toEqual(['', 'of-b']);
    writeFileSync(files.secrets, 'A=1\nB=of#b\n');
    expect(() => grants.secretOf('B')).toThrow(`${files.secrets} cannot be used: line 2`);
  });

  it.each(['not json', '{"folders":{"file-organiser":{"inbox":"inbox"}}}', '{"folders":{"../x":{}}}', '{"all":true}'])(
    'is refused whole when it cannot be read: %s',
    (text) => {
      writeFileSync(files.grants, text);
      expect(() => createSkillGrants(files).foldersOf('file-organiser')).toThrow(/an example/);
    },
  );
});
