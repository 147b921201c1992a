/** What nobody promised: observations that no document and no source settles, each with the reason. */

/** An observation of a history that was made wrong. */
export interface Observation {
  /** What is wrong, as the audit calls it. */
  kind: string;
  /** The operation or the kind of step. */
  subject: string;
  /** The number that was observed, and the one that is said instead. */
  was?: number;
  now?: number;
}

export interface Unpromised {
  name: string;
  covers(observation: Observation): boolean;
  reason: string;
}

/** Whether a step that is refused is said to be refused for another cause. */
const isOtherCause = ({ kind, was = 0, now = 0 }: Observation): boolean => kind === "step result" && was < 0 && now < 0;

export const UNPROMISED: readonly Unpromised[] = [
  {
    name: "the processor of what is logged once",
    covers: ({ kind }) => kind === "other CPU",
    reason:
      "A test run that names no processor may be on any, and so may the callback of a timer without BPF_F_TIMER_CPU_PIN. Where such an execution leaves a single record nothing can contradict it; with more, plumbing.log and plumbing.processors do.",
  },
  {
    name: "the cause of a refused load",
    covers: (observation) => observation.subject === "load-program" && isOtherCause(observation),
    reason:
      "bpf(2) gives -EACCES and -EINVAL for unsafe and invalid programs without saying which defect is which, and the verifier's errno for one defect differs between releases.",
  },
  {
    name: "the cause of a refused map",
    covers: (observation) => observation.subject === "create-map" && isOtherCause(observation),
    reason:
      "bpf(2) lists causes for attributes that are invalid, not which comes first where BTF and map type disagree.",
  },
];
