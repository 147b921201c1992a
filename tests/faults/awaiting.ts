/** Faults that no clause names yet: whoever writes the clause that a fault breaks takes its name off this list. */
export const AWAITING: readonly string[] = ["callback-runs-on-other-cpu"];
