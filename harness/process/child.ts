/** One process that reads lines and writes lines, with nothing that it does trusted. */
import { type ChildProcess, spawn } from "node:child_process";
import { killGroup } from "../kill-group.ts";
import { Lines, LineTooLong } from "./lines.ts";

/** The longest line that is read. */
const LINE_BYTES_MAX = 16 << 20;
/** How much of what it prints beside its answers is kept, the last of it. */
const STDERR_BYTES_MAX = 4096;
/** What is shown of a line that makes no sense. */
export const SHOWN_CHARACTERS = 120;

/** Within this, what it wrote before its end has been read. */
const LAST_WRITES_MS = 200;
/** How long it has to end by itself once its input ends. */
const LEAVE_MS = 1000;

/** Whether the shell can be replaced by the one program that a command runs: its end is then that of the program. */
const isSimple = (command: string): boolean => !/[;&|<>()`$\n]|^\s*(\w+=|cd\s)/.test(command);

const endOf = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `it exited with ${code}` : `it died of ${signal}`;

export interface ChildEvents {
  line(text: string): void;
  /**
   * It is over, once: it ended, closed its output, or wrote a line without an end.
   * @param isOrderly it was its own doing, which is no harm where nothing is asked of it
   */
  ended(reason: string, isOrderly: boolean): void;
}

const running = new Set<Child>();
let isExitWatched = false;

/** Nothing that was started outlasts us. */
function endWithUs(child: Child): void {
  running.add(child);
  if (isExitWatched) return;
  isExitWatched = true;
  process.once("exit", () => {
    for (const each of running) each.kill();
  });
}

export class Child {
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  readonly #lines = new Lines(LINE_BYTES_MAX);
  #stderr = "";
  #isOver = false;

  /** Starts a command of the shell, in a process group of its own so that what it starts can be ended with it. */
  constructor(command: string, events: ChildEvents) {
    this.#events = events;
    this.#process = spawn(isSimple(command) ? `exec ${command}` : command, {
      shell: true,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    endWithUs(this);
    const { stdin, stdout, stderr } = this.#process;
    stdout?.on("data", (bytes: Buffer) => this.#read(bytes));
    stdout?.on("end", () => this.#overSoon("it closed its output", true));
    stderr?.on("data", (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString("latin1")).slice(-STDERR_BYTES_MAX);
    });
    // A pipe that nobody reads any more is told by the process's end, or by its silence.
    stdin?.on("error", () => undefined);
    this.#process.on("error", (error) => this.#over(`it cannot be started: ${error.message}`));
    // What it started may hold its output open for ever.
    this.#process.on("exit", (code, signal) => this.#overSoon(endOf(code, signal), signal === null));
    this.#process.on("close", (code, signal) => this.#over(endOf(code, signal), signal === null));
  }

  /** The last that it printed on its standard error, as one line; empty where it printed nothing. */
  get lastWords(): string {
    const lines = this.#stderr.trim().split(/\s*\n\s*/);
    return (lines.at(-1) ?? "").replaceAll(/[^\x20-\x7e]/g, "?").slice(-SHOWN_CHARACTERS);
  }

  write(line: string): void {
    if (!this.#isOver) this.#process.stdin?.write(`${line}\n`);
  }

  /** Lets it end by itself, and ends it where it does not. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LEAVE_MS);
      this.#process.once("exit", () => {
        clearTimeout(late);
        resolve();
      });
      this.#process.stdin?.end();
    });
    this.kill();
  }

  /** Ends it, with all processes of its group; nothing is told of it any more. */
  kill(): void {
    this.#isOver = true;
    running.delete(this);
    const { pid, stdin, stdout, stderr } = this.#process;
    for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    killGroup(pid);
  }

  /** Over as soon as all that it wrote has been read, or a while from now. */
  #overSoon(reason: string, isOrderly: boolean): void {
    setTimeout(() => this.#over(reason, isOrderly), LAST_WRITES_MS).unref();
  }

  #over(reason: string, isOrderly = false): void {
    if (this.#isOver) return;
    const { lastWords } = this;
    this.kill();
    this.#events.ended(lastWords === "" ? reason : `${reason}; the last it said: ${lastWords}`, isOrderly);
  }

  #read(bytes: Buffer): void {
    try {
      for (const line of this.#lines.in(bytes)) {
        if (this.#isOver) return;
        this.#events.line(line);
      }
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#over(`it wrote a line of more than ${LINE_BYTES_MAX >> 20} MiB`);
    }
  }
}
