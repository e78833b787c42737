import type { TestHome } from './home.ts';

type Code = { readonly subject: string; readonly code: string };

/** Asks for a code, reads it where only the owner can, and approves the version of a skill that waits for it. */
export async function approveSkill(home: TestHome, id: string): Promise<void> {
  const authorization = await home.authorization();
  await fetch(`${home.url}/skills/${id}/tts-request`, { method: 'POST', headers: { authorization } });
  const { stdout } = await home.talos('codes', '--json');
  const codes = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Code);
  const code = codes.find(({ subject }) => subject === id)?.code ?? '';
  await home.talos('skills', 'approve', id, '--code', code);
}
