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
const nothing = Buffer.alloc(0);

/**
 * Tells the lines that begin with the nonce from what a skill prints; takes chunks as they come. Noise is never kept, and looked through
 * many lines at a time: a skill may print a great many. The empty line before a frame is the runner's, so that half a printed line does
 * not hide the frame.
 */
export function createFrameReader(
  { nonce, maxBytes }: { nonce: string; maxBytes: number },
  listener: FrameListener,
): (chunk: Buffer) => void {
  const prefix = Buffer.from(`${nonce} `);
  const border = Buffer.from(`\n${nonce} `);
  /** What may yet become the beginning of a frame. */
  let undecided: Buffer = nothing;
  let isLineStart = true;
  let frame: { readonly parts: Buffer[]; readonly length: number } | undefined;
  let isStopped = false;

  const mayBecome = (bytes: Buffer): boolean => prefix.subarray(0, bytes.length).equals(bytes);
  const isEmptyLine = (data: Buffer, at: number): boolean => (at === 0 ? isLineStart : data[at - 1] === newline);

  /** Takes what is noise for certain, up to the next frame; gives what is left. */
  function takeNoise(data: Buffer): Buffer {
    if (isLineStart && data.subarray(0, prefix.length).equals(prefix)) {
      frame = { parts: [], length: 0 };
      return data;
    }
    const at = data.indexOf(border);
    const end = at < 0 ? endOfNoise(data) : endOfLines(data, at);
    if (end > 0) {
      listener.noise(data.subarray(0, end));
      isLineStart = data[end - 1] === newline;
    }
    if (at < 0) undecided = data.subarray(end);
    return at < 0 ? nothing : data.subarray(at + 1);
  }

  const endOfLines = (data: Buffer, at: number): number => (isEmptyLine(data, at) ? at : at + 1);

  function endOfNoise(data: Buffer): number {
    if (isLineStart && mayBecome(data)) return 0;
    const last = data.lastIndexOf(newline);
    return last < 0 || !mayBecome(data.subarray(last + 1)) ? data.length : endOfLines(data, last);
  }

  function takeFrame(data: Buffer, { parts, length }: NonNullable<typeof frame>): Buffer {
    const end = data.indexOf(newline) + 1;
    const part = end === 0 ? data : data.subarray(0, end);
    parts.push(part);
    const size = length + part.length;
    frame = end === 0 ? { parts, length: size } : undefined;
    if (size > maxBytes) {
      parts.length = 0;
      isStopped = true;
      listener.tooLong();
    } else if (end > 0) {
      const line = Buffer.concat(parts).toString('utf8', prefix.length, size - 1);
      const space = line.indexOf(' ');
      isLineStart = true;
      listener.frame(line.slice(0, space), line.slice(space + 1));
    }
    return data.subarray(part.length);
  }

  return (chunk) => {
    let data = undecided.length === 0 ? chunk : Buffer.concat([undecided, chunk]);
    undecided = nothing;
    while (data.length > 0 && !isStopped) data = frame === undefined ? takeNoise(data) : takeFrame(data, frame);
  };
}
