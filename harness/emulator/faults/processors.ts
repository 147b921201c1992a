/** Faults of which processor executes. Where callbacks run is a matter of how timers are started (`start.ts`). */
import { HELPER } from "../../../bpf/uapi.ts";
import { CPU_COUNT } from "../cpus.ts";
import type { Faults } from "./fault.ts";
import { onHelper, onStep } from "./hooks.ts";

export const processorFaults = {
  "migrates-mid-program": {
    summary: "a program that may run on any CPU goes on on another",
    install(machine) {
      const { kernel } = machine;
      let asked = 0;
      let isNamed = false;
      onStep(machine, "run", (next, { cpu }) => {
        asked = 0;
        isNamed = cpu !== undefined;
        return next();
      });
      onHelper(machine, HELPER.get_smp_processor_id, (next, { lo }) => {
        next();
        if (kernel.timers.running === undefined && ++asked > 1 && !isNamed) lo[0] = ((lo[0] as number) + 1) % CPU_COUNT;
      });
    },
  },
  "programs-report-wrong-cpu": {
    summary: "bpf_get_smp_processor_id gives another CPU than the one that a program was run on",
    install(machine) {
      const { kernel } = machine;
      onHelper(machine, HELPER.get_smp_processor_id, (next, { lo }) => {
        next();
        if (kernel.timers.running === undefined) lo[0] = ((lo[0] as number) + 1) % CPU_COUNT;
      });
    },
  },
} as const satisfies Faults;
