/** Whether a kernel has BPF timers at all: one small case at the start, and what its outcome says. */
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Outcome } from "../harness.ts";

const BPF_TIMER_OFFSET = 8;
const CLOCK_MONOTONIC = 1;

/** A map with a timer, and a program that initializes it. */
export const PROBE: CompiledScenario = compile({
  maps: [
    {
      type: "array",
      maxEntries: 1,
      flags: 0,
      btf: true,
      value: {
        size: 24,
        fields: [
          { kind: "u64", offset: 0 },
          { kind: "timer", offset: BPF_TIMER_OFFSET },
        ],
      },
    },
  ],
  programs: [
    {
      type: "sched-cls",
      operations: [
        { kind: "lookup", map: 0, key: 0, slot: 0 },
        { kind: "timer-init", element: 0, map: 0, flags: CLOCK_MONOTONIC },
      ],
      callbacks: [],
    },
  ],
  steps: [
    { kind: "create-map", map: 0 },
    { kind: "load-program", program: 0 },
  ],
});

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
