const hidden = '[redacted]';

/** A text without the user names and passwords of the addresses in it. */
export function hidePasswords(text: string): string {
  return text
    .replaceAll(/:\/\/[^\s/?#]*@/g, `://${hidden}@`)
    .replaceAll(/(?<![^\s"'`(])[^\s/:@"'`(]+:[^\s/@"'`]+@(?=[\w.-]+:)/g, `${hidden}@`);
}

/** The same, and without what addresses say after their `?`, where keys are put as well. */
export function hideSecrets(text: string): string {
  return hidePasswords(text).replaceAll(/(:\/\/[^\s?#"'`]{0,2000})\?[^\s"'`)]*/g, `$1?${hidden}`);
}
