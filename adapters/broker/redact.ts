const hidden = '[secret]';

/** Shorter ones would be met by chance. */
const shortest = 4;

/** Takes secrets out of bytes a host sent back: as they are, without their scheme, and in the encodings replies commonly use. */
export function redactSecrets(bytes: Buffer, secrets: readonly string[]): Buffer {
  const forms = secrets.flatMap(formsOf).toSorted((a, b) => b.length - a.length);
  if (forms.length === 0) return bytes;
  // One character for each byte, so that text in any encoding and plain bytes are searched alike.
  let text = bytes.toString('latin1');
  for (const form of forms) text = text.replaceAll(form, hidden);
  return Buffer.from(text, 'latin1');
}

/** The same for a header or another text. */
export function redactSecretText(text: string, secrets: readonly string[]): string {
  return redactSecrets(Buffer.from(text), secrets).toString();
}

function formsOf(secret: string): string[] {
  return [...new Set(partsOf(secret).flatMap(encodingsOf))].filter((form) => form.length >= shortest);
}

/** A secret as it is, without its scheme, and the password behind a scheme that packs one up with a name (RFC 7617). */
function partsOf(secret: string): string[] {
  const bare = secret.replace(/^\S+ +/, '');
  if (!/^basic /i.test(secret)) return [secret, bare];
  const pair = Buffer.from(bare, 'base64').toString();
  return [secret, bare, pair, pair.replace(/^[^:]*:/, '')];
}

function encodingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const plain = bytes.toString('latin1');
  const hex = bytes.toString('hex');
  const percent = encodeURIComponent(text);
  const json = JSON.stringify(text).slice(1, -1);
  return [
    plain,
    plain.split('').toReversed().join(''),
    hex,
    hex.toUpperCase(),
    percent,
    percent.replaceAll('%20', '+'),
    percent.replaceAll(/%../g, (code) => code.toLowerCase()),
    json,
    json.replaceAll('/', String.raw`\/`),
    json.replaceAll(/[<>&'+=]/g, (sign) => String.raw`\u00` + signCode(sign)),
    json.replaceAll(/[<>&]/g, (sign) => String.raw`\u00` + signCode(sign)),
    text.replaceAll(/[<>&]/g, (sign) => entities[sign] ?? sign),
    text.replaceAll(/[<>&"']/g, (sign) => entities[sign] ?? sign),
    Buffer.from(text, 'utf16le').toString('latin1'),
    Buffer.from(text, 'utf16le').swap16().toString('latin1'),
    ...base64Of(bytes),
  ];
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
};

function signCode(sign: string): string {
  return Buffer.from(sign).toString('hex');
}

/** The whole, and what of it is the same wherever it begins in a longer text; both alphabets. */
function base64Of(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // six bits a character: those that also hold bits of a neighbour are left out
    return text.slice(Math.ceil((8 * before) / 6), Math.floor((8 * (before + bytes.length)) / 6));
  });
  const forms = [bytes.toString('base64'), ...inside];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))];
}
