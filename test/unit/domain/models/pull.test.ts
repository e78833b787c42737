import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { missingBytes, newTrack, progressOf, type PullEvent, trackPull } from '../../../../domain/models/pull.ts';

const layer = (completedBytes: number, totalBytes = 1000, digest = 'a'): PullEvent => ({
  type: 'layer',
  digest,
  totalBytes,
  completedBytes,
});

/** Events at these seconds. */
function heard(events: readonly (readonly [seconds: number, event: PullEvent])[]) {
  return events.reduce((track, [seconds, event]) => trackPull(track, event, seconds * 1000), newTrack);
}

describe('the progress of a pull', () => {
  it('is nothing before anything was heard', () => {
    expect(progressOf(newTrack, 0)).toEqual({ step: 'waiting', completedBytes: 0, totalBytes: 0, percent: 0 });
  });

  it('tells percent, rate and the time that is left', () => {
    const track = heard([
      [0, layer(0)],
      [1, layer(100)],
      [2, layer(200)],
    ]);
    expect(progressOf(track, 2000)).toEqual({
      step: 'downloading',
      completedBytes: 200,
      totalBytes: 1000,
      percent: 20,
      bytesPerSecond: 100,
      etaSeconds: 8,
    });
  });

  it('tells no rate before a second has passed', () => {
    const track = heard([
      [0, layer(0)],
      [0.5, layer(100)],
    ]);
    expect(progressOf(track, 500).bytesPerSecond).toBeUndefined();
  });

  it('does not count what an earlier attempt had brought into the rate', () => {
    const track = heard([
      [0, layer(900)],
      [2, layer(920)],
    ]);
    expect(track.receivedBytes).toBe(20);
    expect(progressOf(track, 2000)).toMatchObject({ percent: 92, bytesPerSecond: 10, etaSeconds: 8 });
  });

  it('forgets the rate of long ago: a line that stands still has none, and no end in sight', () => {
    const track = heard([
      [0, layer(0)],
      [2, layer(500)],
      [60, layer(500)],
    ]);
    const { bytesPerSecond, etaSeconds } = progressOf(track, 65_000);
    expect(bytesPerSecond).toBe(0);
    expect(etaSeconds).toBeUndefined();
  });

  it('tells a rate again soon after the clock was set back', () => {
    const track = heard([
      [3600, layer(0)],
      [3602, layer(200)],
      [10, layer(300)],
      [12, layer(400)],
    ]);
    expect(progressOf(track, 12_000)).toMatchObject({ percent: 40, bytesPerSecond: 50 });
  });

  it('counts what the manifest names before any of it has come', () => {
    const layers = [
      { digest: 'a', totalBytes: 1000 },
      { digest: 'b', totalBytes: 1000 },
    ];
    const track = heard([
      [0, { type: 'manifest', digest: 'm', layers }],
      [1, layer(1000)],
    ]);
    expect(progressOf(track, 1000)).toMatchObject({ totalBytes: 2000, percent: 50 });
  });

  it('needs no room for what lies on the disk already', () => {
    const track = heard([[0, layer(100)]]);
    expect(missingBytes(track, 0)).toBe(900);
    expect(missingBytes(track, 600)).toBe(400);
    expect(missingBytes(track, 5000)).toBe(0);
  });

  it('keeps within its bounds, whatever a server says', () => {
    const anyLayer = fc.record({
      type: fc.constant('layer' as const),
      digest: fc.constantFrom('a', 'b', 'c'),
      totalBytes: fc.nat(),
      completedBytes: fc.nat(),
    });
    const anyEvent: fc.Arbitrary<PullEvent> = fc.oneof(anyLayer, fc.constant({ type: 'verifying' as const }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 100 }), anyEvent)), (events) => {
        const sorted = events.toSorted(([a], [b]) => a - b);
        const {
          percent,
          completedBytes,
          totalBytes,
          bytesPerSecond = 0,
          etaSeconds = 0,
        } = progressOf(heard(sorted), 100_000);
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(99);
        expect(completedBytes).toBeLessThanOrEqual(totalBytes);
        expect(bytesPerSecond).toBeGreaterThanOrEqual(0);
        expect(etaSeconds).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
