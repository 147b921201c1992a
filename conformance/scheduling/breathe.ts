/** A pause between two batches, in which signals and timers of this process are served. */
import { setImmediate } from "node:timers/promises";

/** @throws {DOMException} AbortError where `signal` is raised */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
