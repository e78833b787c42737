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
  const parts = [secret, secret.replace(/^\S+ +/, '')];
  return [...new Set(parts.flatMap(encodingsOf))].filter((form) => form.length >= shortest);
}

function encodingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const plain = bytes.toString('latin1');
  return [
    plain,
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll('%20', '+'),
    JSON.stringify(text).slice(1, -1),
    plain.split('').toReversed().join(''),
  ];
}
