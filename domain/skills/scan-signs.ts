/** Something in a line of code that the owner should look at. */
export type CodeSign = {
  /** Only in this language; in all when left out. TypeScript counts as JavaScript. */
  readonly language?: 'js' | 'py';
  readonly pattern: RegExp;
  /** Completes "file, line: …". */
  readonly says: string;
};

/** Imports of a module, however they are written; `names` is an alternation. */
function jsImport(names: string): RegExp {
  return new RegExp(
    `(?:from|import|require|getBuiltinModule)\\s*(?:\\(\\s*)?["'\`](?:node:)?(?:${names})(?:/[a-z]+)?["'\`]`,
  );
}

function pyImport(names: string): RegExp {
  return new RegExp(`(?:^|;)\\s*(?:import|from)\\s+(?:[\\w.]+\\s*,\\s*)*(?:${names})\\b`);
}

/** Every sign that is looked for. */
export const codeSigns: readonly CodeSign[] = [
  { language: 'js', pattern: /\beval\s*\(|\bFunction\s*\(|\.constructor\s*\(/, says: 'makes code out of text' },
  { language: 'js', pattern: jsImport('vm|module|repl|inspector'), says: 'loads a module that can run other code' },
  {
    language: 'js',
    pattern: jsImport('child_process|cluster|worker_threads'),
    says: 'can start other processes or threads',
  },
  {
    language: 'js',
    pattern: jsImport('net|dgram|tls|https?|http2|dns|quic|undici'),
    says: 'opens the network without ctx.fetch',
  },
  { language: 'js', pattern: jsImport('fs'), says: 'reads or writes files' },
  { language: 'js', pattern: jsImport('os|v8|wasi|ffi|sqlite'), says: 'looks at the machine it runs on' },
  { language: 'js', pattern: /\bprocess\s*(?:\.|\?\.|\[)/, says: 'uses the process it runs in' },
  { language: 'js', pattern: /(?:require|import)\s*\(\s*[^"'`\s)]/, says: 'loads a module whose name it computes' },
  {
    language: 'js',
    pattern: /\bglobalThis\s*\[|\bReflect\s*\.|__proto__|\bwith\s*\(/,
    says: 'reaches for names in a hidden way',
  },
  { language: 'js', pattern: /\bWebAssembly\b/, says: 'runs WebAssembly' },
  {
    language: 'js',
    pattern: /\bWebSocket\s*\(|\bEventSource\s*\(|(?<![.\w])fetch\s*\(/,
    says: 'opens the network without ctx.fetch',
  },
  {
    language: 'js',
    pattern: /\batob\s*\(|["'`](?:base64|hex)["'`]|\bfromCharCode\b/,
    says: 'decodes text that is hidden from the reader',
  },
  { language: 'py', pattern: /\b(?:eval|exec|compile|__import__)\s*\(|\bimportlib\b/, says: 'makes code out of text' },
  {
    language: 'py',
    pattern: pyImport('subprocess|multiprocessing|threading|pty|concurrent'),
    says: 'can start other processes or threads',
  },
  {
    language: 'py',
    pattern: /\bos\s*\.\s*(?:system|popen|fork|exec\w*|spawn\w*|kill)\b/,
    says: 'can start other processes or threads',
  },
  {
    language: 'py',
    pattern: pyImport('socket|ssl|http|urllib|ftplib|smtplib|asyncio|requests|httpx'),
    says: 'opens the network without ctx.fetch',
  },
  {
    language: 'py',
    pattern: /(?<![.\w])open\s*\(|^\s*(?:import|from)\s+(?:os|pathlib|shutil|tempfile|glob)\b/,
    says: 'reads or writes files',
  },
  {
    language: 'py',
    pattern: pyImport('ctypes|cffi|mmap|gc|inspect|sys|platform'),
    says: 'looks at the machine it runs on',
  },
  { language: 'py', pattern: pyImport('pickle|marshal|shelve'), says: 'reads data that can run code' },
  {
    language: 'py',
    pattern: pyImport('base64|codecs|binascii|zlib'),
    says: 'decodes text that is hidden from the reader',
  },
  {
    language: 'py',
    pattern: /__(?:subclasses|globals|builtins|mro|bases|code)__/,
    says: 'reaches for names in a hidden way',
  },
  { pattern: /(?:\\x[0-9a-fA-F]{2}){8,}|(?:\\u[0-9a-fA-F]{4}){8,}/, says: 'spells text in numbers' },
  { pattern: /\b_0x[0-9a-f]{4,}\b/, says: 'looks as if a program had made it unreadable' },
  { pattern: /\/proc\/|\/sys\/|\/etc\/|\/var\/run\/|\.ssh\b|docker\.sock/, says: 'names places of the host' },
  {
    pattern: /\b169\.254\.|\b127\.0\.0\.1\b|\blocalhost\b|\b10\.\d+\.\d+\.\d+\b|\b192\.168\./,
    says: 'names an address inside the network',
  },
];
