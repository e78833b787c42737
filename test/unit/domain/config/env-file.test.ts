import { parseEnv } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readEnvFile } from '../../../../domain/config/env-file.ts';

describe('a file of settings', () => {
  it.each([
    ['', {}],
    ['# a comment\n\nA=1\nexport B = 2 # note\nC=\nD="x#y"\n', { A: '1', B: '2', C: '', D: 'x#y' }],
    ["KEY='first\nsecond'\nB=1\n", { KEY: 'first\nsecond', B: '1' }],
    [String.raw`A="two\nlines"` + '\n' + String.raw`B='no\n'`, { A: 'two\nlines', B: String.raw`no\n` }],
    ['A=1 # pass#word\nB= # none\nC="a#b" # note\n', { A: '1', B: '', C: 'a#b' }],
    ['A=it\'s\nB=a"b"c\n', { A: "it's", B: 'a"b"c' }],
    ['\uFEFFA=1\r\nB= \t\r\n\r\nexport\tC="x\r\ny"\r\n', { A: '1', B: '', C: 'x\ny' }],
    ['A= \nB=2\nC=\t\nD=4', { A: '', B: '2', C: '', D: '4' }],
    ["# first\n  # B='old\nA=1\n# it's\n", { A: '1' }],
    ['A=1\nA=2\n', { A: '2' }],
  ])('%j is %j', (text, values) => {
    expect(readEnvFile(text)).toEqual({ values });
  });

  it.each([
    ['A=1\nB\n', 2],
    ['=1\n', 1],
    ['1A=2\n', 1],
    ['A=1\nB="open\nC=3\n', 2],
    ['A=\0\n', 1],
    ['A=1\rB=2\n', 1],
    ['{"json": true}\n', 1],
    ['A=1\nPASS=correct-horse#battery\n', 2],
    ['PASS=#correct-horse\n', 1],
    ['PASS="correct"horse"\n', 1],
    ["A='x\n\ny'\nPASS='correct' horse\n", 4],
    [String.raw`PASS="correct\"horse"`, 1],
    ['# caf\uFFFD\nPASS=caf\uFFFD\n', 2],
  ])('%j is broken in line %i', (text, brokenLine) => {
    expect(readEnvFile(text)).toEqual({ brokenLine });
  });

  it('means what Node takes it for, wherever values stand in quotes', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '#', '=', "'", '\\', '\n', 'é'), maxLength: 12 });
    const names = fc.uniqueArray(fc.constantFrom('A', 'B', 'C_1'), { minLength: 1 });
    fc.assert(
      fc.property(names, fc.array(value, { minLength: 3, maxLength: 3 }), (known, values) => {
        const text = known.map((name, index) => `${name}="${values[index]}"\n`).join('');
        expect(readEnvFile(text)).toEqual({ values: parseEnv(text) });
      }),
    );
  });
});
