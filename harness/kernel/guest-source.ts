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

export class GuestSource {
  readonly #machine: Machine;
  readonly #limits: GuestLimits;
  readonly #progress: (line: string) => void;
  /** Cleared for good where a snapshot just written does not do. */
  #usesSnapshots: boolean;
  #place: Promise<Snapshot> | undefined;
  #lastMaking: Promise<unknown> = Promise.resolve();

  /** `once`: no second guest will be wanted, so that a snapshot would not pay. */
  constructor(machine: Machine, limits: GuestLimits, progress: (line: string) => void, once = false) {
    this.#machine = machine;
    this.#limits = limits;
    this.#progress = progress;
    this.#usesSnapshots = HAS_SNAPSHOTS[machine.accelerator] && !once;
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
    this.#progress(`no snapshot to start from (${restored.reason}): making one`);

    const snapshot = await this.#snapshot();
    const booted = await this.#boot();
    if (!(booted instanceof Guest)) return booted;
    try {
      await snapshot.write((socketPath) => booted.save(socketPath));
    } catch (error) {
      this.#usesSnapshots = false;
      this.#progress(`no snapshot can be kept (${message(error)}): every start will be a boot`);
      return booted;
    }
    await booted.close();
    /* What runs is always a restored guest, so that the first run is no different from the next. */
    const fresh = await this.#restore();
    if (fresh instanceof Guest || this.#wasEnded(fresh)) return fresh;
    this.#usesSnapshots = false;
    this.#progress(`the snapshot does not start (${fresh.reason}): every start will be a boot`);
    await snapshot.discard();
    return this.#boot();
  }

  #snapshot(): Promise<Snapshot> {
    this.#place ??= Snapshot.of(this.#machine);
    return this.#place;
  }

  #boot(): Promise<Guest | GuestDeath> {
    const { kernel, accelerator } = this.#machine;
    this.#progress(`booting ${kernel} (${accelerator})`);
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
      const whole = snapshot.isWhole().catch(message);
      const guest = await Guest.restore(this.#machine, file.fd, this.#limits);
      const isWhole = await whole;
      if (isWhole === true || !(guest instanceof Guest)) return guest;
      await guest.close();
      return unusable(isWhole === false ? "its bytes have changed" : isWhole);
    } finally {
      await file.close();
    }
  }
}
