/** What bpf_timer_init promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { CLOCK, MAX_CLOCKS } from "../../bpf/uapi.ts";
import { closeMap, init, lookup, program, run, scenario } from "../../generators/build.ts";
import { otherClock, reservedFlags, timerClock } from "../../generators/clock.ts";
import { timerElement, timerMap } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import type { U64 } from "../../scenario/scenario.ts";
import type { Guarantee } from "../guarantee.ts";
import { callsReturn, loads } from "../judge.ts";
import { isHeld } from "../timer-state.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_init", place: "Returns" },
  { document: "uapi/bpf_timer_init", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_init", place: "Definition" },
  { document: "uapi/bpf_timer_init", place: "Description" },
] as const;

const CLOCK_BITS = BigInt(MAX_CLOCKS - 1);
const VALID_CLOCKS: readonly number[] = [CLOCK.MONOTONIC, CLOCK.REALTIME, CLOCK.BOOTTIME];
const isValid = (flags: U64): boolean => VALID_CLOCKS.some((clock) => BigInt(flags) === BigInt(clock));
const hasReservedBits = (flags: U64): boolean => BigInt(flags) > CLOCK_BITS;

/** One element, and a program that inits its timer once with each of some flags. */
const inits = (flags: fc.Arbitrary<U64[]>) =>
  fc
    .record({ element: timerElement, flags, type: runnableType })
    .map(({ element: { map, key }, flags, type }) =>
      scenario([map], [program([lookup(0, key), ...flags.map((value) => init(0, value))], [], type)], [run()]),
    );

export default [
  {
    id: "init.succeeds",
    statement:
      "bpf_timer_init returns 0 for a timer that is not initialized, with CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME as its clock, while user space refers to the map.",
    citations: [...RETURNS, ...DEFINITION],
    since: "5.15",
    scenarios: inits(fc.tuple(timerClock)),
    check: callsReturn(
      "timer-init",
      0,
      ({ timer, operation, references }) =>
        !timer.initialized && isValid(operation.flags) && isHeld(references[operation.map]),
    ),
    faults: ["init-rejects-boottime"],
  },
  {
    id: "init.already-initialized",
    statement: "bpf_timer_init returns -EBUSY for a timer that is already initialized.",
    citations: RETURNS,
    since: "5.15",
    scenarios: inits(fc.array(timerClock, { minLength: 2, maxLength: 4 })),
    check: callsReturn(
      "timer-init",
      -ERRNO.EBUSY,
      ({ timer, operation }) => timer.initialized && isValid(operation.flags),
    ),
    faults: ["init-twice-allowed"],
  },
  {
    id: "init.invalid-clock",
    statement:
      "bpf_timer_init returns -EINVAL when the clock id in the low 4 bits of flags is none of CLOCK_MONOTONIC, CLOCK_REALTIME and CLOCK_BOOTTIME.",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.array(otherClock, { minLength: 1, maxLength: 2 })),
    check: callsReturn(
      "timer-init",
      -ERRNO.EINVAL,
      ({ timer, operation: { flags } }) => !timer.initialized && !hasReservedBits(flags) && !isValid(flags),
    ),
    faults: ["init-accepts-any-clock"],
  },
  {
    id: "init.reserved-flags",
    statement: "bpf_timer_init returns -EINVAL when a bit of flags above the low 4 is set.",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.array(reservedFlags, { minLength: 1, maxLength: 2 })),
    check: callsReturn(
      "timer-init",
      -ERRNO.EINVAL,
      ({ timer, operation }) => !timer.initialized && hasReservedBits(operation.flags),
    ),
    faults: ["init-ignores-reserved-flags"],
  },
  {
    id: "init.no-user-reference",
    statement:
      "bpf_timer_init returns -EPERM for a timer in a map that user space refers to neither by a descriptor nor by a pin.",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, before: fc.boolean() })
      .map(({ element: { map, key }, clock, before }) =>
        scenario([map], [program([lookup(0, key), init(0, clock)])], [...(before ? [run()] : []), closeMap(), run()]),
      ),
    check: callsReturn(
      "timer-init",
      -ERRNO.EPERM,
      ({ timer, operation, references }) =>
        !timer.initialized && isValid(operation.flags) && !isHeld(references[operation.map]),
    ),
    faults: ["init-without-user-reference"],
  },
  {
    id: "init.other-map",
    statement: "A program that calls bpf_timer_init with a timer of one map and another map is refused at load.",
    citations: DEFINITION,
    since: "5.15",
    scenarios: fc
      .record({ own: timerMap, other: timerMap, clock: timerClock })
      .map(({ own, other, clock }) =>
        scenario([own, other], [program([lookup(0, 0), init(0, clock)]), program([lookup(0, 0), init(1, clock)])], []),
      ),
    check: loads("refused", ({ operations }) => {
      const looked = operations.find((operation) => operation.kind === "lookup");
      return operations.some((operation) => operation.kind === "timer-init" && operation.map !== looked?.map);
    }),
    faults: ["verifier-allows-other-map"],
  },
] satisfies Guarantee[];
