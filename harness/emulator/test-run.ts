/** Which program types BPF_PROG_TEST_RUN executes, and how (bpf_prog_test_run of each type, net/bpf/test_run.c). */
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_PROG_TYPE } from "../../bpf/uapi.ts";

export interface TestRun {
  /**
   * Whether an expired timer can fire under the run. Since 6.11 networking types run with softirqs off; before, the
   * interrupt of a timer armed by the run comes no sooner than its shortest delta, when so short a run is over.
   */
  readonly isInterruptible: boolean;
  /** Whether the program itself is executed: a tracing program runs only where it is attached. */
  readonly executes: boolean;
  /** The fewest bytes of packet it takes. */
  readonly packetBytesMin: number;
}

const ETH_HLEN = 14;
const T = BPF_PROG_TYPE;
const packet: TestRun = { isInterruptible: false, executes: true, packetBytesMin: ETH_HLEN };

const TEST_RUNS: ReadonlyMap<number, TestRun> = new Map<number, TestRun>([
  [T.SOCKET_FILTER, packet],
  [T.SCHED_CLS, packet],
  [T.SCHED_ACT, packet],
  [T.CGROUP_SKB, packet],
  [T.LWT_IN, packet],
  [T.LWT_OUT, packet],
  [T.LWT_XMIT, packet],
  [T.LWT_SEG6LOCAL, packet],
  [T.XDP, packet],
  [T.FLOW_DISSECTOR, packet],
  [T.RAW_TRACEPOINT, { isInterruptible: true, executes: true, packetBytesMin: 0 }],
  [T.SYSCALL, { isInterruptible: true, executes: true, packetBytesMin: 0 }],
  [T.TRACING, { isInterruptible: true, executes: false, packetBytesMin: 0 }],
]);

/** How a program type is run, or the negative errno: -ENOTSUPP for a type without test run, -EINVAL for a short packet. */
export function testRunOf(type: number, packetBytes: number): TestRun | number {
  const run = TEST_RUNS.get(type);
  // A socket lookup is run for a context that scenarios do not hand in.
  if (run === undefined) return type === T.SK_LOOKUP ? -ERRNO.EINVAL : -ERRNO.ENOTSUPP;
  return packetBytes < run.packetBytesMin ? -ERRNO.EINVAL : run;
}
