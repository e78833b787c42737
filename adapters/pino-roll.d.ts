declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  type RollOptions = {
    readonly file: string;
    readonly extension: string;
    readonly dateFormat: string;
    readonly frequency: 'daily';
    readonly size: string;
    readonly mkdir: boolean;
    readonly mode: number;
    /** Bytes kept in memory while the disk does not take them; what comes then is dropped. */
    readonly maxLength: number;
  };

  /** A file stream; `ready` is emitted whenever a file was opened. */
  export interface RollStream extends EventEmitter {
    write(text: string): boolean;
    /** Writes what is buffered, then closes and emits `close`. */
    end(): void;
    destroy(): void;
  }

  export function roll(options: RollOptions): Promise<RollStream>;
  export { roll as default };
}
