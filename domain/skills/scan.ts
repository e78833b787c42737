import { scanUntrusted } from '../firewall/scan.ts';
import type { BundleFiles, SkillBundle } from './bundle.ts';
import { quoted } from './finding.ts';
import { type CodeSign, codeSigns } from './scan-signs.ts';

/** Most findings that are kept, and the longest of them. */
const maxFindings = 100;
const maxLength = 300;

/** Lines no person writes or reads. */
const longLine = 1000;

/** Joins several pictures to one, as in a family; that is what it is for. */
const joinedEmoji = /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})/gu;

/** Hosts that are in texts for other reasons than to be reached. */
const namespaceHosts = new Set(['json-schema.org', 'www.w3.org', 'example.org', 'example.com', 'example.net']);

/**
 * What stands out in a bundle before it has run, as sentences for the owner, sorted. A finding is no verdict: the sandbox denies
 * what is not permitted, this only says what to look at.
 */
export function scanBundle({ files, manifest }: Pick<SkillBundle, 'files' | 'manifest'>): string[] {
  const found = Object.entries(files).flatMap(([path, text]) => [
    ...(isCode(path) ? scanCode(path, text) : []),
    ...scanText(path, text),
  ]);
  const all = [
    ...found,
    ...undeclaredHosts(files, manifest.permissions.hosts),
    ...unusedPermissions({ files, manifest }),
  ];
  const findings = [...new Set(all.map((finding) => finding.slice(0, maxLength)))].toSorted();
  if (findings.length <= maxFindings) return findings;
  return [...findings.slice(0, maxFindings - 1), `~ and ${findings.length - maxFindings + 1} more findings.`];
}

/** Whether a file is a program, by its name. */
function isCode(path: string): boolean {
  return /\.(?:[cm]?[jt]sx?|py|sh)$/.test(path);
}

function scanCode(path: string, text: string): string[] {
  const language = path.endsWith('.py') ? 'py' : 'js';
  const lines = text.split('\n');
  return codeSigns
    .filter((sign) => sign.language === undefined || sign.language === language)
    .flatMap((sign) => hits(path, lines, sign));
}

/** One sentence for each sign, with the first lines that show it. */
function hits(path: string, lines: readonly string[], { pattern, says }: CodeSign): string[] {
  const numbers = lines.flatMap((line, index) => (pattern.test(line.slice(0, 5000)) ? [index + 1] : []));
  if (numbers.length === 0) return [];
  const more = numbers.length > 3 ? ` and ${numbers.length - 3} more` : '';
  const place = numbers.length === 1 ? `line ${numbers[0]}` : `lines ${numbers.slice(0, 3).join(', ')}${more}`;
  return [`${path}, ${place}: ${says}.`];
}

function scanText(path: string, text: string): string[] {
  const findings: string[] = [];
  const longest = text.split('\n').reduce((most, line) => Math.max(most, line.length), 0);
  if (longest > longLine) findings.push(`${path} has a line of ${longest} characters, which hides what it does.`);
  if (/[A-Za-z0-9+/_-]{200,}/.test(text)) findings.push(`${path} holds a long run of Base64 or hexadecimal digits.`);
  if (/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(text.replaceAll(joinedEmoji, ''))) {
    findings.push(`${path} holds invisible characters or ones that turn the direction of writing.`);
  }
  const verdict = scanUntrusted(text);
  if (verdict.kind === 'block') {
    const rules = [...new Set(verdict.findings.map(({ rule }) => rule))].slice(0, 5).join(', ');
    findings.push(`${path} holds text that tries to instruct a model (${rules}).`);
  }
  return findings;
}

function undeclaredHosts(files: BundleFiles, declared: readonly string[]): string[] {
  return Object.entries(files)
    .filter(([path]) => isCode(path))
    .flatMap(([path, text]) => {
      const hosts = [...text.matchAll(/\b(?:https?|wss?|ftp):\/\/([A-Za-z0-9.-]+)/g)].map(([, host = '']) =>
        host.toLowerCase(),
      );
      const unknown = new Set(hosts.filter((host) => !declared.includes(host) && !namespaceHosts.has(host)));
      return [...unknown].map((host) => `${path} names the host ${quoted(host)}, which it has no permission for.`);
    });
}

const powers = [
  { asked: 'hosts', calls: /\bfetch\s*\(/, power: 'ctx.fetch' },
  { asked: 'tools', calls: /\btool\s*\(/, power: 'ctx.tool' },
  { asked: 'folders', calls: /\bfolder\s*\(/, power: 'ctx.folder' },
] as const;

/** Permissions nobody needs are permissions somebody may abuse later. */
function unusedPermissions({ files, manifest }: Pick<SkillBundle, 'files' | 'manifest'>): string[] {
  const code = Object.entries(files)
    .filter(([path]) => isCode(path))
    .map(([, text]) => text)
    .join('\n');
  return powers
    .filter(({ asked, calls }) => manifest.permissions[asked].length > 0 && !calls.test(code))
    .map(({ asked, power }) => `skill.json asks for ${asked}, but no code uses ${power}.`);
}
