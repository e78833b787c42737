/** One thing `talos doctor` looked at. A bad row makes it fail, a warning does not; both name their fix. */
export type DoctorRow = {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'bad';
  readonly detail: string;
  readonly fix?: string;
};

/** A row for something in order. */
export function good(check: string, detail: string): DoctorRow {
  return { check, state: 'ok', detail };
}

/** The reason of whatever was thrown, on one line. */
export function reasonOf(thrown: unknown): string {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return reason.replaceAll(/\s*\n\s*/g, '; ');
}
