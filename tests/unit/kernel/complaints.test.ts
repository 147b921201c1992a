import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COMPLAINT_MARKS, complaintsIn, sameComplaint } from "../../../harness/complaints.ts";

const AGENT_SOURCE = new URL("../../../harness/kernel/agent/kernel_log.c", import.meta.url);

describe("complaintsIn", () => {
  it.each([
    ["an oops", "Oops: 0002 [#1] PREEMPT SMP NOPTI"],
    ["a bad access", "BUG: kernel NULL pointer dereference, address: 0000000000000008"],
    ["a failed assertion", "kernel BUG at kernel/time/timer.c:1030!"],
    ["a warning", "WARNING: CPU: 0 PID: 51 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40"],
    ["lockdep", "WARNING: possible circular locking dependency detected"],
    ["KASAN", "BUG: KASAN: slab-use-after-free in bpf_timer_cb+0x3a/0x1f0"],
    ["an RCU stall", "rcu: INFO: rcu_preempt self-detected stall on CPU"],
    ["RCU stalls", "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:"],
    ["a soft lockup", "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [agent:51]"],
    ["a hung task", "INFO: task agent:51 blocked for more than 122 seconds."],
    ["a panic", "Kernel panic - not syncing: System is deadlocked on memory"],
  ])("finds %s among other lines, and drops its stamp", (_, line) => {
    expect(complaintsIn(`[    0.1] booted\r\n[   12.345678][   T51] ${line}\r\n[   12.4] BUG: later\n`)).toEqual([
      line,
      "BUG: later",
    ]);
  });

  it.each([
    ["nothing", ""],
    ["what a kernel says in passing", "[    1.2] clocksource: Switched to clocksource tsc\nagent: ready"],
    ["what the agent says", "agent: WARNING: no shared memory"],
    ["that the agent has ended", "[  1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100"],
  ])("finds none in %s", (_, text) => {
    expect(complaintsIn(text)).toEqual([]);
  });
});

describe("sameComplaint", () => {
  it.each([
    [
      "WARNING: CPU: 0 PID: 51 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40",
      "WARNING: CPU: 3 PID: 1187 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40",
    ],
    [
      "BUG: unable to handle page fault for address: ffffc90000123000",
      "BUG: unable to handle page fault for address: ffff888100aabb08",
    ],
    [
      "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [agent:51]",
      "watchdog: BUG: soft lockup - CPU#1 stuck for 48s! [kworker/1:0:12]",
    ],
    [
      "INFO: task agent:51 blocked for more than 122 seconds.",
      "INFO: task kworker/0:1:9 blocked for more than 245 seconds.",
    ],
    ["BUG: scheduling while atomic: agent/51/0x00000101", "BUG: scheduling while atomic: ksoftirqd/0/15/0x00000102"],
    ["[   1.5] leaked map 0", "leaked map 12"],
  ])("%s", (one, other) => {
    expect(sameComplaint(one, other)).toBe(true);
  });

  it.each([
    [
      "BUG: KASAN: slab-use-after-free in bpf_timer_cb+0x3a/0x1f0",
      "BUG: KASAN: slab-use-after-free in drop_prog+0x1/0x9",
    ],
    ["leaked map 0", "leaked program 0"],
    ["WARNING: possible recursive locking detected", "WARNING: possible circular locking dependency detected"],
  ])("but not %s and %s", (one, other) => {
    expect(sameComplaint(one, other)).toBe(false);
  });
});

it("the agent, which reads the kernel's log, knows the same marks", () => {
  const [, list = ""] = /\bmarks\[\] = \{([^}]*)\}/.exec(readFileSync(AGENT_SOURCE, "utf8")) ?? [];
  const marks = [...list.matchAll(/"([^"]*)"/g)].map(([, mark]) => mark);
  expect(marks).toEqual(COMPLAINT_MARKS);
});
