/** The timer helpers on a machine that does nothing but count: what programs hold, and what waits for interrupts. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../bpf/errno.ts";
import { CLOCK } from "../../../bpf/uapi.ts";
import { BpfTimers, type U64Words } from "../../../harness/emulator/bpf-timers.ts";
import { Hrtimers } from "../../../harness/emulator/hrtimers.ts";
import type { BpfMap } from "../../../harness/emulator/maps/bpf-map.ts";
import { type Profile, profiles } from "../../../harness/emulator/profiles.ts";
import type { LoadedProgram } from "../../../harness/emulator/program.ts";

const TIMER = 0x108;
const OFFSET = 8;
const CALLBACK = 5;
const words = (low: number): U64Words => [0, low];

function machine({ version = "7.2", interruptsAreOff = false } = {}) {
  const hrtimers = new Hrtimers(0);
  const deferred: (() => void)[] = [];
  const called: unknown[][] = [];
  const host = {
    profile: profiles[version] as Profile,
    hrtimers,
    cpu: 0,
    interruptsAreOff,
    putProgram: (program: LoadedProgram) => void program.references--,
    defer: (act: () => void) => void deferred.push(act),
    callCallback: (...call: unknown[]) => void called.push([...call, host.cpu]),
  };
  const map = { userReferences: 1, fields: { timerOffset: OFFSET }, keyAddress: (value: number) => value - 0x100 };
  const program = (): LoadedProgram => ({ references: 1 }) as LoadedProgram;
  return { timers: new BpfTimers(host), host, map: map as unknown as BpfMap, hrtimers, deferred, called, program };
}

/** A machine with a timer that has a callback and is due in 100 ns. */
function armed(options: Parameters<typeof machine>[0] = {}) {
  const made = machine();
  const owner = made.program();
  made.timers.init(TIMER, made.map, words(CLOCK.MONOTONIC));
  made.timers.setCallback(TIMER, CALLBACK, owner);
  made.timers.start(TIMER, words(100), words(0));
  const { host } = machine(options);
  Object.assign(made.host, { profile: host.profile, interruptsAreOff: host.interruptsAreOff });
  return { ...made, owner };
}

describe("bpf_timer_set_callback", () => {
  test("holds the program whose callback is set, once, and lets go of the one before", () => {
    const { timers, owner, program } = armed();
    expect(owner.references).toBe(2);
    expect(timers.setCallback(TIMER, CALLBACK, owner)).toBe(0);
    expect(owner.references).toBe(2);
    const other = program();
    expect(timers.setCallback(TIMER, CALLBACK, other)).toBe(0);
    expect([owner.references, other.references]).toEqual([1, 2]);
  });

  test("refuses a program that is gone, and keeps what was set", () => {
    const { timers, owner, program } = armed();
    expect(timers.setCallback(TIMER, CALLBACK, { ...program(), references: 0 })).toBe(-ERRNO.ENOENT);
    expect(timers.timers.get(TIMER)?.program).toBe(owner);
  });

  test("refuses a map that nobody in user space holds", () => {
    const { timers, map, owner } = armed();
    map.userReferences = 0;
    expect(timers.setCallback(TIMER, CALLBACK, owner)).toBe(-ERRNO.EPERM);
  });
});

describe("an expiry", () => {
  test("calls the callback with the map, the key's address and the value's", () => {
    const { map, hrtimers, called, owner } = armed();
    hrtimers.advance(100);
    expect(called).toEqual([[owner, CALLBACK, map, TIMER - OFFSET - 0x100, TIMER - OFFSET, 0]]);
  });

  test("runs on the processor that it was started on, and leaves the machine where it was", () => {
    const { timers, host, hrtimers, called } = armed();
    host.cpu = 1;
    timers.start(TIMER, words(100), words(0));
    host.cpu = 0;
    hrtimers.advance(100);
    expect(called[0]?.at(-1)).toBe(1);
    expect(host.cpu).toBe(0);
    expect(timers.running).toBeUndefined();
  });

  test("calls nothing once the callback was dropped", () => {
    const { timers, hrtimers, called } = armed();
    const timer = timers.timers.get(TIMER);
    if (timer !== undefined) timers.dropProgram(timer);
    hrtimers.advance(100);
    expect(called).toEqual([]);
  });
});

describe.each([
  ["with interrupts on", { version: "7.2", interruptsAreOff: false }, false],
  ["with interrupts off until 6.19", { version: "6.19", interruptsAreOff: true }, false],
  ["with interrupts off since 7.0", { version: "7.0", interruptsAreOff: true }, true],
] as const)("%s", (_, options, waits) => {
  test("a start is done at once, or waits", () => {
    const { timers, hrtimers, deferred } = armed(options);
    const expiry = (): number | undefined => timers.timers.get(TIMER)?.hrtimer.expiresNs;
    expect(timers.start(TIMER, words(500), words(0))).toBe(0);
    expect(expiry()).toBe(waits ? 100 : 500);
    for (const act of deferred) act();
    expect(expiry()).toBe(500);
    expect(hrtimers.nowNs).toBe(0);
  });

  test("a free lets go of the program at once, and of the armed timer at once or later", () => {
    const { timers, deferred, owner } = armed(options);
    const timer = timers.timers.get(TIMER);
    timers.cancelAndFree(TIMER);
    expect(timers.timers.has(TIMER)).toBe(false);
    expect(owner.references).toBe(1);
    expect(timer?.hrtimer.queued).toBe(waits);
    for (const act of deferred) act();
    expect(timer?.hrtimer.queued).toBe(false);
  });

  test("bpf_timer_cancel_async leaves the callback set", () => {
    const { timers, deferred, owner } = armed(options);
    expect(timers.cancelAsync(TIMER)).toBe(waits ? -ERRNO.ECANCELED : 1);
    for (const act of deferred) act();
    expect(timers.timers.get(TIMER)).toMatchObject({ program: owner, callback: CALLBACK, hrtimer: { queued: false } });
  });
});
