/** One guest: booted, handed batches of requests, and watched for its death. */
import { z } from "zod";
import { GuestConsole } from "./guest-console.ts";
import { CorruptMessage } from "./message.ts";
import { type Machine, type Qemu, startQemu } from "./qemu.ts";
import { Qmp } from "./qmp.ts";
import { SharedMemory } from "./shared-memory.ts";

const greetingSchema = z.strictObject({ release: z.string() });

/** Why a guest is no more. */
export interface GuestDeath {
  reason: string;
  console: string;
  /** QEMU was killed by someone else: no fault of what ran in the guest. */
  fromOutside: boolean;
}

/** What a batch gave: its first answers, and what ended it early, if anything did. */
export interface BatchResult {
  answers: Buffer[];
  corruption?: string;
  death?: GuestDeath;
}

export interface GuestLimits {
  bootMs: number;
  /** Real time without one more case being answered. */
  caseMs: number;
  /** Ends the guest. */
  signal?: AbortSignal;
}

const PROGRESS_POLL_MS = 200;

/** Why the host no longer waits: QEMU stopped the guest, QEMU ended, or time is up. */
type Stop = "stopped" | "ended" | "overdue";

export class Guest {
  /** `uname -r`. */
  release = "";
  readonly #qemu: Qemu;
  readonly #memory: SharedMemory;
  readonly #limits: GuestLimits;
  readonly #console: GuestConsole;
  readonly #errors: GuestConsole;
  readonly #qmp: Qmp;
  #onStop: () => void = () => {};

  private constructor(qemu: Qemu, memory: SharedMemory, limits: GuestLimits) {
    this.#qemu = qemu;
    this.#memory = memory;
    this.#limits = limits;
    this.#console = new GuestConsole(qemu.console);
    this.#errors = new GuestConsole(qemu.errors);
    this.#qmp = new Qmp(qemu.monitor, (event) => {
      if (event === "STOP") this.#onStop();
    });
    const abort = () => qemu.kill();
    limits.signal?.addEventListener("abort", abort);
    if (limits.signal?.aborted) abort();
    void qemu.ended.then(() => limits.signal?.removeEventListener("abort", abort));
  }

  /** Boots a guest up to its agent's greeting; or says why there is none. */
  static async boot(machine: Machine, limits: GuestLimits): Promise<Guest | GuestDeath> {
    const memory = new SharedMemory();
    const guest = new Guest(await startQemu(machine, memory.file), memory, limits);
    const stop = await guest.#runUntilStop(limits.bootMs, "qmp_capabilities");
    if (stop !== "stopped" || !memory.isBatchDone()) {
      const death = await guest.#die(stop, limits.bootMs);
      memory.close();
      return death;
    }
    const [greeting] = memory.answers(1);
    guest.release = greetingSchema.parse(JSON.parse(String(greeting))).release;
    return guest;
  }

  /** The process id of QEMU. */
  get pid(): number {
    return this.#qemu.pid;
  }

  /** Hands over a batch of encoded messages. A guest that died is of no further use but to be closed. */
  async answer(messages: readonly Buffer[]): Promise<BatchResult> {
    this.#memory.putBatch(messages);
    const stop = await this.#runUntilStop(this.#limits.caseMs);
    const isDone = stop === "stopped" && this.#memory.isBatchDone();
    const death = isDone ? undefined : await this.#die(stop, this.#limits.caseMs);
    return { ...this.#readAnswers(), ...(death === undefined ? {} : { death }) };
  }

  /** Ends QEMU; resolves when it is gone. */
  async close(): Promise<void> {
    this.#qemu.kill();
    await this.#qemu.ended;
    this.#memory.close();
  }

  /** Lets the guest run until it stops itself, or `limitMs` pass without another case answered. */
  async #runUntilStop(limitMs: number, before?: "qmp_capabilities"): Promise<Stop> {
    const stopped = new Promise<Stop>((resolve) => {
      this.#onStop = () => resolve("stopped");
    });
    const ended = this.#qemu.ended.then((): Stop => "ended");
    const commands = before === undefined ? ["cont" as const] : [before, "cont" as const];
    /* A refused command means that QEMU is ending, which `ended` reports. */
    const run = Promise.all(commands.map((command) => this.#qmp.execute(command))).then(
      () => stopped,
      () => ended,
    );
    const overdue = this.#watchProgress(limitMs);
    try {
      return await Promise.race([run, ended, overdue.promise]);
    } finally {
      overdue.end();
    }
  }

  #watchProgress(limitMs: number): { promise: Promise<Stop>; end(): void } {
    let casesDone = this.#memory.casesDone();
    let since = Date.now();
    let timer: NodeJS.Timeout | undefined;
    const promise = new Promise<Stop>((resolve) => {
      timer = setInterval(() => {
        const now = this.#memory.casesDone();
        if (now !== casesDone) since = Date.now();
        casesDone = now;
        if (Date.now() - since > limitMs) resolve("overdue");
      }, PROGRESS_POLL_MS);
    });
    return { promise, end: () => clearInterval(timer) };
  }

  #readAnswers(): BatchResult {
    const answers: Buffer[] = [];
    try {
      for (const answer of this.#memory.answers(this.#memory.casesDone())) answers.push(answer);
    } catch (error) {
      if (!(error instanceof CorruptMessage)) throw error;
      return { answers, corruption: error.message };
    }
    return { answers };
  }

  /** Ends QEMU, if it has not ended by itself, and says why the guest is no more. */
  async #die(stop: Stop, limitMs: number): Promise<GuestDeath> {
    if (stop !== "ended") this.#qemu.kill();
    const { code, signal } = await this.#qemu.ended;
    const said = this.#console.headline() ?? this.#errors.headline() ?? "it printed nothing";
    const reasons: Record<Stop, string> = {
      overdue: `no answer within ${limitMs / 1000} s`,
      stopped: `QEMU stopped the guest: ${this.#errors.headline() ?? said}`,
      ended:
        signal === null && code === 0
          ? `the guest ended: ${said}`
          : `QEMU ended (${signal ?? `exit ${code}`}): ${this.#errors.headline() ?? said}`,
    };
    return { reason: reasons[stop], console: this.#console.text(), fromOutside: stop === "ended" && signal !== null };
  }
}
