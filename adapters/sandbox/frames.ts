/** What the program in a sandbox says on its standard output. */
export type FrameListener = {
  /** A line that began with the nonce, without it. */
  frame(kind: string, text: string): void;
  /** A line that began with the nonce and is longer than any may be; nothing more is read. */
  tooLong(): void;
  /** Everything else: what the skill printed. */
  noise(bytes: Buffer): void;
};

const newline = 10;
/** Stands before every frame, so that half a printed line does not hide it; all others were printed. */
const emptyLine = Buffer.from('\n');

/** Tells the lines that begin with the nonce from what a skill prints; takes chunks as they come. Noise is never kept. */
export function createFrameReader(
  { nonce, maxBytes }: { nonce: string; maxBytes: number },
  listener: FrameListener,
): (chunk: Buffer) => void {
  const prefix = Buffer.from(`${nonce} `);
  let kept: Buffer[] = [];
  let length = 0;
  let kind: 'unknown' | 'frame' | 'noise' | 'stopped' = 'unknown';
  let isAfterEmptyLine = false;

  function take(part: Buffer, endsLine: boolean): void {
    if (kind === 'noise') listener.noise(part);
    else {
      kept.push(part);
      length += part.length;
      if (kind === 'unknown') decide(endsLine);
      if (kind === 'frame') finish(endsLine);
    }
    if (endsLine && kind !== 'stopped') [kept, length, kind] = [[], 0, 'unknown'];
  }

  function decide(endsLine: boolean): void {
    if (length < prefix.length && !endsLine) return;
    const begun = Buffer.concat(kept);
    const isFrame = begun.subarray(0, prefix.length).equals(prefix);
    const isEmpty = begun.equals(emptyLine);
    if (isAfterEmptyLine && !isFrame) listener.noise(emptyLine);
    if (!isFrame && !isEmpty) listener.noise(begun);
    isAfterEmptyLine = isEmpty;
    [kept, kind] = isFrame ? [[begun], 'frame'] : [[], 'noise'];
  }

  function finish(endsLine: boolean): void {
    if (length > maxBytes) {
      [kept, kind] = [[], 'stopped'];
      listener.tooLong();
    } else if (endsLine) {
      const line = Buffer.concat(kept).toString('utf8', prefix.length, length - 1);
      const space = line.indexOf(' ');
      listener.frame(line.slice(0, space), line.slice(space + 1));
    }
  }

  return (chunk) => {
    let start = 0;
    while (start < chunk.length && kind !== 'stopped') {
      const end = chunk.indexOf(newline, start);
      const stop = end < 0 ? chunk.length : end + 1;
      take(chunk.subarray(start, stop), end >= 0);
      start = stop;
    }
  };
}
