import { assert, constantFrom, array, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { unborn } from '../../../../domain/skills/change.ts';
import { SkillLife } from '../../../../domain/skills/life.ts';
import { askOwner, beginRuns, delayRun, failRun, isTested, submit } from '../../../../domain/skills/quarantine.ts';
import { restore } from '../../../../domain/skills/retirement.ts';
import { reject } from '../../../../domain/skills/promotion.ts';
import { begun, hashOf, inUse, lifeOf, passed, submitted, waiting, walk } from './build.ts';

const life = unborn('csv-summary');
const hash = hashOf('a');
const failed =
  (runId: string): Parameters<typeof walk>[1][number] =>
  (now, at) =>
    failRun(now, { hash, fault: { runId, verdict: 'exception' }, reason: 'it threw' }, at);

describe('quarantine', () => {
  it('leads through three clean runs of different cases to the owner', () => {
    const states = [submitted('a'), begun('a'), passed('a', 'x'), passed('a', 'y'), passed('a', 'z')].reduce(
      (lives, step, index) => [...lives, lifeOf(step(lives.at(-1) ?? life, index))],
      [life],
    );
    expect(states.map(({ candidate }) => [candidate?.state, candidate?.runs.length])).toEqual([
      [undefined, undefined],
      ['quarantined', 0],
      ['running', 0],
      ['running', 1],
      ['running', 2],
      ['running', 3],
    ]);
    const asked = lifeOf(askOwner(states.at(-1) ?? life, { hash }, 9));
    expect(asked.candidate?.state).toBe('awaiting-approval');
    expect(SkillLife.parse(asked)).toEqual(asked);
  });

  it('takes pass, fail, pass, fail, pass for one clean run, not for three', () => {
    const after = walk(life, [
      submitted('a'),
      begun('a'),
      passed('a', 'x'),
      failed('1'),
      begun('a'),
      passed('a', 'x'),
      failed('2'),
      begun('a'),
      passed('a', 'x'),
    ]);
    expect(after.candidate).toMatchObject({ state: 'running', runs: [{ case: 'x' }], strikes: [{}, {}] });
    expect(askOwner(after, { hash }, 99)).toMatchObject({ ok: false, code: 'SKILL_NOT_READY' });
  });

  it('rejects a version at its third fault', () => {
    const steps = ['1', '2', '3'].flatMap((run) => [begun('a'), failed(run)]);
    const after = walk(life, [submitted('a'), ...steps]);
    expect(after.candidate).toBeUndefined();
    expect(after.past).toMatchObject([{ hash, state: 'rejected', endedBy: 'faults', reason: 'it threw' }]);
  });

  it('counts the same case, or the same input under another name, once', () => {
    const after = walk(life, [submitted('a'), begun('a'), passed('a', 'x'), passed('a', 'x'), passed('a', 'x')]);
    expect(after.candidate?.runs).toHaveLength(1);
  });

  it('counts nothing while it is not running, nor for another version', () => {
    const quiet = walk(life, [submitted('a'), passed('a', 'x')]);
    expect(quiet.candidate?.runs).toHaveLength(0);
    const other = walk(life, [submitted('a'), begun('a'), passed('b', 'x')]);
    expect(other.candidate?.runs).toHaveLength(0);
    expect(lifeOf(beginRuns(life, hash, 1))).toBe(life);
  });

  it('says what it waits for without counting it', () => {
    const running = walk(life, [submitted('a'), begun('a'), passed('a', 'x')]);
    const delayed = lifeOf(delayRun(running, { hash, reason: 'no sandbox' }, 5));
    expect(delayed.candidate).toMatchObject({ state: 'running', runs: [{ case: 'x' }], reason: 'no sandbox' });
    expect(lifeOf(delayRun(delayed, { hash, reason: 'no sandbox' }, 6))).toBe(delayed);
  });

  it('takes the same code handed in again for the same submission, in every state', () => {
    const active = inUse('a');
    for (const known of [lifeOf(submitted('a')(life, 1)), waiting('a'), active]) {
      expect(lifeOf(submitted('a')(known, 9))).toBe(known);
    }
    const rejected = lifeOf(reject(waiting('a'), { hash, reason: 'no', endedBy: 'owner' }, 9));
    expect(lifeOf(submitted('a')(rejected, 10))).toBe(rejected);
    expect(lifeOf(restore(rejected, { hash, reason: 'look again' }, 11)).candidate?.state).toBe('quarantined');
  });

  it('tests a revision beside the active version, and the newest submission only', () => {
    const after = walk(inUse('a'), [submitted('b'), begun('b'), submitted('c')], 3000);
    expect(after.active?.hash).toBe(hash);
    expect(after.candidate?.hash).toBe(hashOf('c'));
    expect(after.past).toMatchObject([{ hash: hashOf('b'), state: 'replaced', endedBy: 'newer-version' }]);
    expect(walk(after, [submitted('b')], 4000).candidate?.hash).toBe(hashOf('b'));
  });

  it('never asks the owner before three clean runs in a row, whatever happens', () => {
    const moves = array(constantFrom('pass-x', 'pass-y', 'pass-z', 'fail', 'delay'), { maxLength: 30 });
    assert(
      property(moves, (list) => {
        let now = lifeOf(submit(life, { hash, version: '1.0.0', findings: [] }, 0));
        let inARow = new Set<string>();
        list.forEach((move, index) => {
          now = lifeOf(beginRuns(now, hash, index));
          if (move === 'fail') inARow = new Set();
          else if (move !== 'delay' && inARow.size < 3) inARow.add(move);
          if (move === 'fail') now = lifeOf(failed(String(index))(now, index));
          else if (move === 'delay') now = lifeOf(delayRun(now, { hash, reason: 'no sandbox' }, index));
          else now = lifeOf(passed('a', move)(now, index));
          if (now.candidate === undefined) return;
          expect(now.candidate.runs).toHaveLength(inARow.size);
          expect(isTested(now.candidate)).toBe(inARow.size === 3);
        });
        const faults = list.filter((move) => move === 'fail').length;
        expect(now.candidate === undefined).toBe(faults >= 3);
      }),
    );
  });
});
