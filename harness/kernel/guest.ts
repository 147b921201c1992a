/** One guest: booted or restored, handed batches of requests, and watched for its death. */
import { z } from "zod";
import { GuestConsole } from "./guest-console.ts";
import { CorruptMessage } from "./message.ts";
import { type Accelerator, type Machine, type Qemu, SNAPSHOT_URI, startQemu } from "./qemu.ts";
import { Qmp, type QmpCommand, type QmpEvent, QmpRefusal } from "./qmp.ts";
import { SharedMemory } from "./shared-memory.ts";

const greetingSchema = z.strictObject({ release: z.string() });

/** Why a guest is no more. */
export interface GuestDeath {
  reason: string;
  console: string;
  /** What the kernel complained of on its console while the batch ran, if anything. */
  complaints?: readonly string[];
  /** QEMU was killed by someone else: no fault of what ran in the guest. */
  fromOutside: boolean;
  /** QEMU gave up of itself: mostly because it does not take its arguments. */
  byQemu: boolean;
}

/** What was found late to be wrong with a case of the batch, by its index. */
const closingSchema = z.array(z.strictObject({ case: z.int().nonnegative(), complaint: z.string() }));
export type LateComplaint = z.infer<typeof closingSchema>[number];

/** What a batch gave: its first answers, and what ended it early, if anything did. */
export interface BatchResult {
  answers: Buffer[];
  late?: LateComplaint[];
  corruption?: string;
  death?: GuestDeath;
}

export interface GuestLimits {
  bootMs: number;
  /** Real time for reading or writing a snapshot. */
  snapshotMs: number;
  /** Real time without one more case being answered. */
  caseMs: number;
  /** Ends the guest. */
  signal?: AbortSignal;
}

const PROGRESS_POLL_MS = 200;

/** Whether guest time may jump when a guest is stopped: see agent/guest.c. */
const SETTLES: Record<Accelerator, boolean> = { kvm: false, tcg: false, "tcg-icount": true };

/** Why the host no longer waits: what it waited for came, QEMU could not do it, QEMU ended, or time is up. */
type Stop = "done" | "failed" | "ended" | "overdue";

/** Which event the host waits for: what it means, or undefined where it is another. */
type Awaited = (event: QmpEvent) => Stop | undefined;

const guestStops: Awaited = ({ event }) => (event === "STOP" ? "done" : undefined);

const MIGRATION_ENDS: Readonly<Record<string, Stop>> = { completed: "done", failed: "failed" };
const migrationEnds: Awaited = ({ event, data }) =>
  event === "MIGRATION" ? MIGRATION_ENDS[String(data?.status)] : undefined;

const CONTINUE: QmpCommand = { execute: "cont" };
const GREET: QmpCommand = { execute: "qmp_capabilities" };
const TELL_MIGRATION: QmpCommand = {
  execute: "migrate-set-capabilities",
  arguments: { capabilities: [{ capability: "events", state: true }] },
};

export class Guest {
  /** `uname -r`. */
  release = "";
  readonly #qemu: Qemu;
  readonly #memory: SharedMemory;
  readonly #limits: GuestLimits;
  readonly #console: GuestConsole;
  readonly #errors: GuestConsole;
  readonly #qmp: Qmp;
  #onEvent: (event: QmpEvent) => void = () => {};
  #closing: Promise<void> | undefined;

  private constructor(qemu: Qemu, memory: SharedMemory, limits: GuestLimits) {
    this.#qemu = qemu;
    this.#memory = memory;
    this.#limits = limits;
    this.#console = new GuestConsole(qemu.console);
    this.#errors = new GuestConsole(qemu.errors);
    this.#qmp = new Qmp(qemu.monitor, (event) => this.#onEvent(event));
    const abort = () => qemu.kill();
    limits.signal?.addEventListener("abort", abort);
    if (limits.signal?.aborted) abort();
    void qemu.ended.then(() => limits.signal?.removeEventListener("abort", abort));
  }

  /** Boots a guest up to its agent's greeting; or says why there is none. */
  static async boot(machine: Machine, limits: GuestLimits): Promise<Guest | GuestDeath> {
    const memory = new SharedMemory(SETTLES[machine.accelerator]);
    const guest = new Guest(await startQemu(machine, memory.file), memory, limits);
    return guest.#greeted(await guest.#until(guestStops, limits.bootMs, [GREET, CONTINUE]), limits.bootMs);
  }

  /**
   * Restores a guest from the file of a snapshot, which QEMU reads from where it stands, and lets it answer a first,
   * empty batch; or says why there is none.
   */
  static async restore(machine: Machine, snapshotFile: number, limits: GuestLimits): Promise<Guest | GuestDeath> {
    const memory = new SharedMemory(SETTLES[machine.accelerator]);
    const guest = new Guest(await startQemu(machine, memory.file, snapshotFile), memory, limits);
    const load: QmpCommand = { execute: "migrate-incoming", arguments: { uri: SNAPSHOT_URI } };
    let stop = await guest.#until(migrationEnds, limits.snapshotMs, [GREET, TELL_MIGRATION, load]);
    if (stop === "done" && memory.isBatchDone()) {
      guest.#readGreeting();
      memory.putBatch([]);
      stop = await guest.#until(guestStops, limits.snapshotMs, [CONTINUE]);
    }
    return guest.#greeted(stop, limits.snapshotMs);
  }

  /** The process id of QEMU. */
  get pid(): number {
    return this.#qemu.pid;
  }

  /** Hands over a batch of encoded messages. A guest that died is of no further use but to be closed. */
  async answer(messages: readonly Buffer[]): Promise<BatchResult> {
    this.#memory.putBatch(messages);
    this.#console.beginBatch();
    const stop = await this.#until(guestStops, this.#limits.caseMs, [CONTINUE]);
    const isDone = stop === "done" && this.#memory.isBatchDone();
    const death = isDone ? undefined : await this.#die(stop, this.#limits.caseMs);
    return { ...this.#readAnswers(isDone), ...(death === undefined ? {} : { death }) };
  }

  /**
   * Sends the whole state of this stopped guest to who listens on that socket; the guest can go on afterwards.
   * @throws {Error} where that did not work
   */
  async save(socketPath: string): Promise<void> {
    const send: QmpCommand = { execute: "migrate", arguments: { uri: `unix:${socketPath}` } };
    const stop = await this.#until(migrationEnds, this.#limits.snapshotMs, [TELL_MIGRATION, send]);
    if (stop !== "done") throw new Error(`QEMU did not save the guest's state (${stop})`);
  }

  /** Ends QEMU: a batch under way ends with its death. */
  kill(): void {
    this.#qemu.kill();
  }

  /** Ends QEMU; resolves when it is gone. No batch may be under way. A second call has nothing more to do. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.kill();
    await this.#qemu.ended;
    this.#memory.close();
  }

  /** This guest, where it stopped itself and has said what it is; else its death. */
  async #greeted(stop: Stop, limitMs: number): Promise<Guest | GuestDeath> {
    if (stop === "done" && this.#memory.isBatchDone()) {
      if (this.release === "") this.#readGreeting();
      return this;
    }
    const death = await this.#die(stop, limitMs);
    this.#memory.close();
    return death;
  }

  #readGreeting(): void {
    const [greeting] = this.#memory.answers(1);
    this.release = greetingSchema.parse(JSON.parse(String(greeting))).release;
  }

  /** Executes commands, then waits for an event, or until `limitMs` pass without another case answered. */
  async #until(awaited: Awaited, limitMs: number, commands: readonly QmpCommand[]): Promise<Stop> {
    const came = new Promise<Stop>((resolve) => {
      this.#onEvent = (event) => {
        const stop = awaited(event);
        if (stop !== undefined) resolve(stop);
      };
    });
    const ended = this.#qemu.ended.then((): Stop => "ended");
    const run = Promise.all(commands.map((command) => this.#qmp.execute(command))).then(
      () => came,
      /* A monitor that closes means that QEMU is ending, which `ended` reports. */
      (error: unknown) => (error instanceof QmpRefusal ? "failed" : ended),
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

  /** Behind the answers of a batch that is done comes what was found late. */
  #readAnswers(isDone: boolean): BatchResult {
    const answers: Buffer[] = [];
    const count = this.#memory.casesDone();
    try {
      for (const answer of this.#memory.answers(isDone ? count + 1 : count)) answers.push(answer);
      const closing = isDone ? answers.pop() : undefined;
      return closing === undefined ? { answers } : { answers, late: closingSchema.parse(JSON.parse(String(closing))) };
    } catch (error) {
      if (!(error instanceof CorruptMessage)) throw error;
      return { answers: answers.slice(0, Math.max(0, count - 1)), corruption: error.message };
    }
  }

  /** Ends QEMU, if it has not ended by itself, and says why the guest is no more. */
  async #die(stop: Stop, limitMs: number): Promise<GuestDeath> {
    if (stop !== "ended") this.#qemu.kill();
    const { code, signal } = await this.#qemu.ended;
    const fromOutside = stop === "ended" && signal !== null;
    const complaints = fromOutside ? [] : this.#console.complaints();
    const said = this.#console.headline() ?? this.#errors.headline() ?? "it printed nothing";
    const reasons: Record<Stop, string> = {
      overdue: `no answer within ${limitMs / 1000} s`,
      done: `QEMU stopped the guest: ${this.#errors.headline() ?? said}`,
      failed: `QEMU refused: ${this.#errors.headline() ?? said}`,
      ended:
        signal === null && code === 0
          ? `the guest ended: ${said}`
          : `QEMU ended (${signal ?? `exit ${code}`}): ${this.#errors.headline() ?? said}`,
    };
    return {
      reason: reasons[stop],
      console: this.#console.text(),
      ...(complaints.length === 0 ? {} : { complaints }),
      fromOutside,
      byQemu: stop === "ended" && signal === null && code !== 0,
    };
  }
}
