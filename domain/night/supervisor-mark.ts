/** Who started a child: its supervisor, told apart from a later process with the same number, and the home it works for. */
export type SupervisorMark = {
  /** A short hash of the folder its children log to. */
  readonly place: string;
  readonly pid: number;
  readonly startedAt: string;
  /** Told apart from another supervisor in the same process. */
  readonly unique: string;
};

/** Name of the environment variable by which the processes of one supervisor are known. */
export const markVariable = 'TALOS_SUPERVISOR';

/** The mark as children carry it in their environment. */
export function formatMark({ place, pid, startedAt, unique }: SupervisorMark): string {
  return [place, pid, startedAt.replaceAll(/\W/g, '_'), unique].join('.');
}

/** Reads a mark; undefined for anything else. */
export function parseMark(text: string): SupervisorMark | undefined {
  const { place, pid, startedAt, unique } =
    /^(?<place>[0-9a-f]{12})\.(?<pid>\d+)\.(?<startedAt>\w+)\.(?<unique>[\w-]+)$/.exec(text)?.groups ?? {};
  if (place === undefined || startedAt === undefined || unique === undefined) return undefined;
  return { place, pid: Number(pid), startedAt, unique };
}
