import { expect, it } from 'vitest';

import { settingRows } from '../../../../domain/config/document.ts';
import { parseConfig } from '../../../../domain/config/parse.ts';
import { secretValues } from '../../../../domain/config/secrets.ts';

it('names the value of every secret setting and of no other', () => {
  const rows = settingRows().flatMap((group) => group.rows);
  const secrets = rows.filter((row) => row.secret === true);
  const env = Object.fromEntries(secrets.map((row, index) => [row.env, `${row.example}-secret-number-${index}`]));
  expect(secretValues(parseConfig({ ...env, WEB_ORIGINS: 'https://a.example' })).toSorted()).toEqual(
    Object.values(env).toSorted(),
  );
  expect(secretValues(parseConfig({}))).toEqual([]);
});
