/** Where guests come from: a snapshot where there is a good one, else a boot that leaves one behind. */
import { isCode, message } from "./cache.ts";
import { Guest, type GuestDeath, type GuestLimits } from "./guest.ts";
import type { Accelerator, Machine } from "./qemu.ts";
import { Snapshot } from "./snapshot.ts";

/**
 * Without KVM a restored guest's clock goes on where it stood, at the right rate: in real time, three waits of a second
 * were seen to take a restored guest as long as a booted one, on its own clock and on ours. Under KVM a boot takes
 * little longer than a restore, and nobody has measured the clock of a restored guest.
 */
const HAS_SNAPSHOTS: Record<Accelerator, boolean> = { kvm: false, tcg: true, "tcg-icount": true };

export interface GuestSourceOptions {
  progress(line: string): void;
  /** No second guest will be wanted, so that a snapshot would not pay. */
  once?: boolean;
  /** What `measureNs` executes, as text. */
  measured: string;
  /** Measures how late callbacks come in a guest, nanoseconds; the guest is of no further use then but to be closed. */
  measureNs(guest: Guest): Promise<number>;
}

export class GuestSource {
  readonly #machine: Machine;
  readonly #limits: GuestLimits;
  readonly #options: GuestSourceOptions;
  /** Cleared for good where a snapshot just written does not do. */
  #usesSnapshots: boolean;
  #place: Promise<Snapshot> | undefined;
  #lastMaking: Promise<unknown> = Promise.resolve();
  #worstLatenessNs: number | undefined;

  constructor(machine: Machine, limits: GuestLimits, options: GuestSourceOptions) {
    this.#machine = machine;
    this.#limits = limits;
    this.#options = options;
    this.#usesSnapshots = HAS_SNAPSHOTS[machine.accelerator] && options.once !== true;
  }

  /** How late callbacks came in the guest of the snapshot, nanoseconds; undefined where none was started from. */
  get worstLatenessNs(): number | undefined {
    return this.#worstLatenessNs;
  }

  /** A fresh guest, the same every time; or why there is none. */
  async start(): Promise<Guest | GuestDeath> {
    if (!this.#usesSnapshots) return this.#boot();
    const restored = await this.#restore();
    if (restored instanceof Guest || this.#wasEnded(restored)) return restored;
    /* One after the other: who comes second finds the snapshot that the first has made. */
    const made = this.#lastMaking.then(() => this.#restoreOrMake());
    this.#lastMaking = made.catch(() => {}); /* who waits for that start has its error */
    return made;
  }

  /** Whether the snapshot is not to blame. */
  #wasEnded({ fromOutside }: GuestDeath): boolean {
    return fromOutside || this.#limits.signal?.aborted === true;
  }

  async #restoreOrMake(): Promise<Guest | GuestDeath> {
    if (!this.#usesSnapshots) return this.#boot();
    const restored = await this.#restore();
    if (restored instanceof Guest || this.#wasEnded(restored)) return restored;
    this.#options.progress(`no snapshot to start from (${restored.reason}): making one`);

    const snapshot = await this.#snapshot();
    const booted = await this.#boot();
    if (!(booted instanceof Guest)) return booted;
    try {
      await snapshot.write(
        (socketPath) => booted.save(socketPath),
        () => this.#options.measureNs(booted),
      );
    } catch (error) {
      this.#limits.signal?.throwIfAborted();
      this.#usesSnapshots = false;
      this.#options.progress(`no snapshot can be kept (${message(error)}): every start will be a boot`);
    } finally {
      await booted.close();
    }
    if (!this.#usesSnapshots) return this.#boot();
    /* What runs is always a restored guest, so that the first run is no different from the next. */
    const fresh = await this.#restore();
    if (fresh instanceof Guest || this.#wasEnded(fresh)) return fresh;
    this.#usesSnapshots = false;
    this.#options.progress(`the snapshot does not start (${fresh.reason}): every start will be a boot`);
    await snapshot.discard();
    return this.#boot();
  }

  #snapshot(): Promise<Snapshot> {
    this.#place ??= Snapshot.of(this.#machine, this.#options.measured);
    return this.#place;
  }

  #boot(): Promise<Guest | GuestDeath> {
    const { kernel, accelerator } = this.#machine;
    this.#options.progress(`booting ${kernel} (${accelerator})`);
    return Guest.boot(this.#machine, this.#limits);
  }

  /** The guest of a snapshot that is whole and has answered, or what is wrong with it. */
  async #restore(): Promise<Guest | GuestDeath> {
    const snapshot = await this.#snapshot();
    const unusable = (reason: string): GuestDeath => ({
      reason,
      console: "",
      fromOutside: false,
      byQemu: false,
    });
    let file: Awaited<ReturnType<Snapshot["open"]>>;
    try {
      file = await snapshot.open();
    } catch (error) {
      return unusable(isCode(error, "ENOENT") ? "there is none yet" : message(error));
    }
    try {
      const checked = snapshot.seal().catch(message);
      const guest = await Guest.restore(this.#machine, file.fd, this.#limits);
      const seal = await checked;
      if (typeof seal === "object") this.#worstLatenessNs = seal.worstLatenessNs;
      if (typeof seal === "object" || !(guest instanceof Guest)) return guest;
      await guest.close();
      return unusable(seal ?? "its bytes have changed");
    } finally {
      await file.close();
    }
  }
}
