/** What a file of settings holds, or the number of the first line that is none. */
export type EnvFile = { readonly values: Readonly<Record<string, string>> } | { readonly brokenLine: number };

const name = String.raw`(?:export[ \t]+)?(?<name>[A-Za-z_]\w*)[ \t]*=[ \t]*`;
const quoted = String.raw`(?<quoted>"[^"]*"|'[^']*'|${'`[^`]*`'})[ \t]*(?:#[^\n]*)?`;
const plain = String.raw`(?<plain>[^ \t\n#"'${'`'}](?:[^\n#]*[^ \t\n#])?)?(?:[ \t]+#[^\n]*|[ \t]*)`;

/**
 * One line with its end: blank, a comment, or NAME=value, where quotes may span lines. Behind a value stands a comment or nothing: one that
 * a # or its own quote would cut short is none, for a password would silently be another one.
 */
const statement = new RegExp(String.raw`[ \t]*(?:#[^\n]*|${name}(?:${quoted}|${plain}))?(?:\n|$)`, 'y');

/** Reads settings, one NAME=value per line; the last of a name counts. In double quotes \n stands for the end of a line. */
export function readEnvFile(text: string): EnvFile {
  const unified = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'); // marks and line ends of some editors
  const values = new Map<string, string>();
  for (let place = 0; place < unified.length;) {
    statement.lastIndex = place;
    const found = statement.exec(unified);
    const { name: variable, quoted: inQuotes, plain: bare = '' } = found?.groups ?? {};
    const value = inQuotes === undefined ? bare : unquote(inQuotes);
    if (found === null || isGarbled(found[0], value)) return { brokenLine: unified.slice(0, place).split('\n').length };
    if (variable !== undefined) values.set(variable, value);
    place += found[0].length;
  }
  return { values: Object.fromEntries(values) };
}

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  return text.startsWith('"') ? inner.replaceAll(String.raw`\n`, '\n') : inner;
}

/** Whether it holds what no editor shows, or the value came in another encoding than UTF-8, which reading replaced. */
function isGarbled(line: string, value: string): boolean {
  return /[\0\r]/.test(line) || value.includes('\uFFFD');
}
