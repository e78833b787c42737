import { beforeEach, describe, expect, it } from 'vitest';

import type { ReportStore } from '../../domain/night/ports.ts';
import { quietReport, quietRun } from '../support/night-reports.ts';

/** What every store of reports does; `create` makes an empty one. */
export function describeReportStore(name: string, create: () => Promise<ReportStore>) {
  describe(name, () => {
    let store: ReportStore;
    beforeEach(async () => {
      store = await create();
    });
    const report = (key: string, writtenAt: number) => quietReport({ run: quietRun({ id: `now-${key}` }), writtenAt });

    it('knows nothing at first', async () => {
      expect(await store.latest()).toBeUndefined();
      expect(await store.list()).toEqual([]);
      expect(await store.get('now-unknown')).toBeUndefined();
    });

    it('gives a report back as it was, and as sound', async () => {
      const written = quietReport({
        contacts: [
          { host: 'a.example', by: 'cloud', calls: 1, refused: 0, bytes: 7, kinds: ['message'], names: ['g'] },
        ],
        failures: { messages: { MODEL_TIMEOUT: 2 }, isWhole: false, strikes: [] },
        unknown: [{ part: 'waiting', reason: 'STORE_UNAVAILABLE' }],
      });
      await store.write(written);
      const view = { id: written.id, sound: true, problems: [], report: written };
      expect(await store.get(written.id)).toEqual(view);
      expect(await store.latest()).toEqual(view);
    });

    it('keeps the first report of a run', async () => {
      const first = await store.write(report('a', 1000));
      expect(first).toMatch(/^[0-9a-f]{64}$/);
      expect(await store.write(report('a', 2000))).toBe(first);
      expect((await store.get('now-a'))?.report?.writtenAt).toBe(1000);
    });

    it('lists them by when they were written, newest first', async () => {
      for (const [key, at] of Object.entries({ b: 2000, a: 3000, c: 1000 })) await store.write(report(key, at));
      expect(await store.list()).toEqual(
        [
          ['now-a', 3000],
          ['now-b', 2000],
          ['now-c', 1000],
        ].map(([id, writtenAt]) => ({ id, writtenAt, sound: true, state: 'ran' })),
      );
      expect((await store.latest())?.id).toBe('now-a');
    });

    it('gives what was written while the clock was ahead as the latest only where there is no other', async () => {
      const ahead = Date.now() + 300 * 24 * 60 * 60 * 1000;
      await store.write(report('ahead', ahead));
      expect((await store.latest())?.id).toBe('now-ahead');
      await store.write(report('back', 1000));
      expect((await store.latest())?.id).toBe('now-back');
    });

    it('leaves out what is not there', async () => {
      const { cycles: _cycles, schedules: _schedules, contacts: _left, ...rest } = quietReport();
      await store.write(rest);
      expect((await store.latest())?.report).toEqual(rest);
    });
  });
}
