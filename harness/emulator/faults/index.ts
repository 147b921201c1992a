/**
 * Deliberate defects of the emulator, by name: what `emulator+fault=NAME` takes.
 *
 * To add one, put an entry into the file of its subject beside this one. It says what goes wrong in its `summary`, and
 * does it in one of these ways:
 *  - `install(machine)` wraps methods of the machine. `wrap(object, "method", (next, ...args) => ...)` changes any
 *    method of `kernel`, `kernel.timers` (the timer helpers), `kernel.hrtimers`, `user` or `log`; `onArm` the starts
 *    that succeed, `onStep` a kind of step, `onHelper` a helper's calls, `onMap` each map when it is created (all of
 *    `hooks.ts`). `watchPast` (`past.ts`) tells what a timer has been through.
 *  - `rules` replaces rules of the verifier (`verifier/timer-rules.ts`).
 *  - `profile` changes what the kernel version is known to do (`profiles.ts`).
 *  - `observed` changes the trace.
 * The code outside this folder knows nothing of it. A fault has to be named by a clause of a guarantee that it breaks.
 */
import { cancelFaults } from "./cancel.ts";
import { cancelAsyncFaults } from "./cancel-async.ts";
import { contentFaults } from "./contents.ts";
import type { Fault, Faults } from "./fault.ts";
import { firingFaults } from "./firing.ts";
import { initFaults } from "./init.ts";
import { mapFaults } from "./maps.ts";
import { observationFaults } from "./observation.ts";
import { ownershipFaults } from "./ownership.ts";
import { processorFaults } from "./processors.ts";
import { setCallbackFaults } from "./set-callback.ts";
import { startFaults } from "./start.ts";
import { stepFaults } from "./steps.ts";
import { verifierFaults } from "./verifier.ts";

export type { Fault } from "./fault.ts";

const faultTable = {
  ...initFaults,
  ...setCallbackFaults,
  ...startFaults,
  ...cancelFaults,
  ...cancelAsyncFaults,
  ...firingFaults,
  ...ownershipFaults,
  ...mapFaults,
  ...verifierFaults,
  ...contentFaults,
  ...stepFaults,
  ...processorFaults,
  ...observationFaults,
} as const satisfies Faults;

export type FaultName = keyof typeof faultTable;

/** Every fault by its name. */
export const faults: Readonly<Record<FaultName, Fault>> = faultTable;

/** Whether a text is the name of a fault. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
