/** QEMU's machine protocol: commands out, replies and events in, a JSON object a line. */
import type { Duplex } from "node:stream";
import { z } from "zod";

const eventSchema = z.object({
  event: z.string(),
  data: z.object({ status: z.unknown() }).optional().catch(undefined),
});

const lineSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ desc: z.string() }) }),
  eventSchema,
]);

/** What QEMU tells unasked: `STOP`, or `MIGRATION` with its status. */
export type QmpEvent = z.infer<typeof eventSchema>;

export interface QmpCommand {
  execute: "qmp_capabilities" | "cont" | "migrate" | "migrate-incoming" | "migrate-set-capabilities";
  arguments?: Readonly<Record<string, unknown>>;
}

/** QEMU would not do what it was told. */
export class QmpRefusal extends Error {
  override readonly name = "QmpRefusal";
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class Qmp {
  readonly #channel: Duplex;
  readonly #waiting: Waiting[] = [];

  constructor(channel: Duplex, onEvent: (event: QmpEvent) => void) {
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
   * Executes one command.
   * @throws {QmpRefusal} where QEMU refuses it
   * @throws {Error} where QEMU has ended
   */
  execute(command: QmpCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#channel.write(`${JSON.stringify(command)}\n`);
    });
  }

  #receive(text: string, onEvent: (event: QmpEvent) => void): void {
    const line = lineSchema.parse(JSON.parse(text));
    if ("event" in line) onEvent(line);
    else if ("error" in line) this.#waiting.shift()?.reject(new QmpRefusal(`QEMU: ${line.error.desc}`));
    else if ("return" in line) this.#waiting.shift()?.resolve();
  }
}
