/**
 * Text from outside as a terminal may have it: control characters other than line breaks and tabs could move the cursor,
 * recolour or rename the window, or pretend to be a prompt, so they show as a replacement character.
 */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** The same on one line, cut short: a text from outside as a cell of a table may have it. */
export function plainLine(text: string, maxLength = 100): string {
  const line = plainText(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1).toWellFormed()}…` : line;
}
