import { expect, it } from 'vitest';

import { hideSecrets } from '../../../domain/hide-secrets.ts';
import { quoted } from '../../../domain/skills/finding.ts';

it.each([
  ['https://user:tok3n@host/x.git', 'https://[redacted]@host/x.git'],
  ['HTTPS://tok3n@host/x', 'HTTPS://[redacted]@host/x'],
  ['git+https://user:to@k3n@host/x', 'git+https://[redacted]@host/x'],
  ['user:tok3n@host:x.git', '[redacted]@host:x.git'],
  ['https://host/x?private_token=tok3n', 'https://host/x?[redacted]'],
  [
    "fatal: unable to access 'https://u:tok3n@host/x?a=tok3n': no",
    "fatal: unable to access 'https://[redacted]@host/x?[redacted]': no",
  ],
])('hides what is secret in %s', (text, shown) => {
  expect(hideSecrets(text)).toBe(shown);
  if (!text.includes('?')) expect(quoted(text)).toBe(JSON.stringify(shown));
});

it.each(['/home/me/a@b:c', 'git@host:x.git', 'ssh host', 'https://host/a@b/x', 'why? me@example.org', 'at 10:30 me@x'])(
  'leaves %s as it is',
  (text) => {
    expect(hideSecrets(text)).toBe(text);
  },
);

it('hides a secret that lies where a long text is cut', () => {
  expect(quoted(`https://${'u'.repeat(70)}:tok3n@host/`)).toBe('"https://[redacted]@host/"');
});

it('takes time in proportion to the text', () => {
  for (const part of ['://', 'a:', 'a@', ':a@b', '?']) expect(hideSecrets(part.repeat(2000)).length).toBeGreaterThan(0);
});
