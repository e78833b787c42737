/**
 * Text from outside as a terminal may have it: control characters other than line breaks and tabs could move the cursor,
 * recolour or rename the window, or pretend to be a prompt, so they show as a replacement character.
 */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
