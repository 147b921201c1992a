/** Whether a kernel has BPF timers at all: one small case at the start, and what its outcome says. */
import { init, lookup, program, scenario, timerMap } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Outcome } from "../harness.ts";

const CLOCK_MONOTONIC = 1;

/** A map with a timer, and a program that initializes it. */
export const PROBE: CompiledScenario = compile(
  scenario([timerMap(1)], [program([lookup(0, 0), init(0, CLOCK_MONOTONIC)])], []),
);

/**
 * What a kernel says that has no timers on purpose. Nothing else counts: one that merely fails the probe has a defect,
 * which the guarantees are there to find.
 */
const WORDS: readonly { pattern: RegExp; lacks: string }[] = [
  { pattern: /Function not implemented/, lacks: "this kernel has no bpf(2): it was built without CONFIG_BPF_SYSCALL" },
  { pattern: /bpf_timer cannot be used for PREEMPT_RT/, lacks: "this kernel refuses BPF timers because of PREEMPT_RT" },
];

/** Why no guarantee can apply to the kernel that gave this outcome of the probe; undefined where they can. */
export function whatIsLacking(outcome: Outcome | undefined): string | undefined {
  const words =
    outcome?.kind === "trace" ? outcome.trace.steps.map(({ message }) => message ?? "").join("\n") : outcome?.reason;
  return WORDS.find(({ pattern }) => pattern.test(words ?? ""))?.lacks;
}
