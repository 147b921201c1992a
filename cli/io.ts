/** What a command needs of the world around it, so that tests can be that world. */

/** Something to write to. */
export interface Output {
  write(text: string): void;
  /** Whether a person watches it as it comes. */
  isTTY: boolean;
  columns: number;
}

export interface Io {
  /** Results. */
  out: Output;
  /** Progress and complaints. */
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** Raised when the user wants it to end. */
  signal: AbortSignal;
}

const DEFAULT_COLUMNS = 80;

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? DEFAULT_COLUMNS;
    },
  };
}

/** This process's streams and environment. */
export function processIo(signal: AbortSignal): Io {
  return { out: output(process.stdout), err: output(process.stderr), env: process.env, signal };
}

/** One line for the user, on stderr. */
export function complain(io: Io, message: string): void {
  io.err.write(`timerconf: ${message}\n`);
}
