/** Program types by what can be done with them. */
import fc from "fast-check";
import type { ProgramType } from "../scenario/program-types.ts";

/** Types whose test run takes a packet and lets no timer fire under it. */
export const runnableType: fc.Arbitrary<ProgramType> = fc.constantFrom(
  "sched-cls",
  "sched-act",
  "socket-filter",
  "xdp",
  "cgroup-skb",
);
