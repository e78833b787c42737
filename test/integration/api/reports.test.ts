import { afterEach, expect, it } from 'vitest';

import { createMemoryReportStore } from '../../../adapters/memory/report-store.ts';
import { quietReport, quietRun } from '../../support/night-reports.ts';
import { startApi } from './support.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function start(reports = createMemoryReportStore()) {
  const api = await startApi({ deps: { reports } });
  close = () => api.close();
  const get = (path: string, accept = 'application/json') => api.ask(path, { headers: { accept } });
  return { get, reports };
}

it('gives the newest report as JSON and as text', async () => {
  const { get, reports } = await start();
  await reports.write(quietReport({ writtenAt: 500 }));
  await reports.write(quietReport({ run: quietRun({ id: 'now-older' }), writtenAt: 100 }));
  expect((await get('/reports/latest')).body).toEqual({
    id: quietReport().id,
    sound: true,
    problems: [],
    report: quietReport({ writtenAt: 500 }),
  });
  const text = await get('/reports/latest', 'text/plain');
  expect(text.headers['content-type']).toContain('text/plain');
  expect(text.text).toMatch(/^Morning report, .*: a quiet night\.\n.*\n$/);
});

it('lists reports and gives each by its id', async () => {
  const { get, reports } = await start();
  for (const id of ['now-a', 'now-b']) await reports.write(quietReport({ run: quietRun({ id }) }));
  expect((await get('/reports')).body).toMatchObject({ reports: [{ sound: true }, { sound: true }] });
  expect((await get('/reports/now-a')).body).toMatchObject({ id: 'now-a' });
});

it.each([
  ['/reports/latest', 404, 'NOT_FOUND'],
  ['/reports/now-unknown', 404, 'NOT_FOUND'],
  ['/reports/..%2f..%2fsecrets', 400, 'VALIDATION_FAILED'],
])('answers %s with %d where there is none', async (path, status, code) => {
  const { get } = await start();
  const response = await get(path);
  expect(response.status).toBe(status);
  expect(response.body).toMatchObject({ code });
});

it('warns of a report that is not what was signed, in both forms', async () => {
  const view = { id: 'now-a', sound: false, problems: ['Its signature does not fit.'] };
  const { get } = await start({ ...createMemoryReportStore(), get: async () => view });
  expect((await get('/reports/now-a')).body).toEqual(view);
  expect((await get('/reports/now-a', 'text/plain')).text).toContain('CANNOT BE TRUSTED');
});

it('needs a sign-in', async () => {
  const api = await startApi();
  close = () => api.close();
  expect((await api.call('/reports/latest')).status).toBe(401);
});
