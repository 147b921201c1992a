/** QEMU's machine protocol: commands out, replies and events in, a JSON object a line. */
import type { Duplex } from "node:stream";
import { z } from "zod";

const lineSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ desc: z.string() }) }),
  z.object({ event: z.string() }),
]);

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class Qmp {
  readonly #channel: Duplex;
  readonly #waiting: Waiting[] = [];

  /** `onEvent` gets the name of each event, `STOP`. */
  constructor(channel: Duplex, onEvent: (name: string) => void) {
    this.#channel = channel;
    const end = (error: Error) => {
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
    };
    /* A QEMU that ends closes its end: whoever waits is told, and the guest's watch says why it ended. */
    channel.on("error", end);
    channel.on("close", () => end(new Error("QEMU closed its monitor")));
    /* Only whole lines count: of a QEMU that is killed, the last one may be cut off. */
    let rest = "";
    channel.setEncoding("utf8");
    channel.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#receive(line, onEvent);
    });
  }

  /**
   * Executes one command without arguments.
   * @throws {Error} where QEMU refuses it or has ended
   */
  execute(command: "qmp_capabilities" | "cont"): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#channel.write(`${JSON.stringify({ execute: command })}\n`);
    });
  }

  #receive(text: string, onEvent: (name: string) => void): void {
    const line = lineSchema.parse(JSON.parse(text));
    if ("event" in line) onEvent(line.event);
    else if ("error" in line) this.#waiting.shift()?.reject(new Error(`QEMU: ${line.error.desc}`));
    else if ("return" in line) this.#waiting.shift()?.resolve();
  }
}
