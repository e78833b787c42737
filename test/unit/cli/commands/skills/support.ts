import { createCertificateChecker } from '../../../../../adapters/certificate-crypto.ts';
import { createMemorySandbox, type Script } from '../../../../../adapters/memory/sandbox.ts';
import { createSkillBundles } from '../../../../../adapters/skill-bundles.ts';
import { readKeptFolder } from '../../../../../adapters/skill-files.ts';
import { createBundleTools } from '../../../../../adapters/skill-reader.ts';
import type { SkillTools } from '../../../../../domain/skills/local-tools.ts';
import { skillTemplate } from '../../../../../domain/skills/template.ts';

/** Text that would move the cursor, rename the window or turn the direction of writing. */
export const nasty = 'a\u001b[2Jb\u001b]0;x\u0007\u202ec <b>d</b>\nnext';

/** What nothing a command prints may hold. */
export const control = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u;

export const files = skillTemplate('hello', 'js');

/** Counts words, as the template does. */
const countWords: Script = (input) => {
  const words = (input as { text: string }).text.split(/\s+/).filter((word) => word !== '');
  return { words: words.length, longest: words.toSorted((a, b) => b.length - a.length)[0] ?? '' };
};

/** Tools whose sandbox runs a script in place of the code of the template. */
export function toolsOver({
  script = countWords,
  publicKey,
}: { script?: Script; publicKey?: string } = {}): SkillTools {
  const tools = createBundleTools({ maxBytes: 1_048_576 });
  return {
    bundles: createSkillBundles({ tools }),
    readKept: (folder, version) => readKeptFolder(folder, version, tools),
    checkValue: tools.checkValue,
    certificates: createCertificateChecker(),
    nodePublicKey: () => publicKey,
    sandbox: async () => createMemorySandbox(new Map([[files['scripts/main.js'] ?? '', script]])),
  };
}
