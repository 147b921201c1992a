/** Faults of what the load check refuses. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_MAP_TYPE, BPF_PROG_TYPE, HELPER } from "../../../bpf/uapi.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Profile } from "../profiles.ts";
import { HELPER_PROTOTYPES } from "../verifier/helper-prototypes.ts";
import type { MapValuePointer } from "../verifier/register-state.ts";
import { Rejection } from "../verifier/rejection.ts";
import { TIMER_RULES, type TimerRules } from "../verifier/timer-rules.ts";
import type { Fault, Faults } from "./fault.ts";

const isTimerHelper = (id: number): boolean => HELPER_PROTOTYPES.get(id)?.timer === true;

/** Timer pointers that `excuses` says yes to are not looked at. */
const allowsPointer = (summary: string, excuses: (pointer: MapValuePointer) => boolean): Fault => ({
  summary,
  rules: {
    checkTimer(pointer: MapValuePointer, register: number, profile: Profile) {
      if (!excuses(pointer)) TIMER_RULES.checkTimer(pointer, register, profile);
    },
  },
});

/** The bytes of a timer may be touched so. */
const allowsAccess = (allowed: "read" | "write", summary: string): Fault => ({
  summary,
  rules: {
    mayTouch: (map, from, to, access) => access === allowed || TIMER_RULES.mayTouch(map, from, to, access),
  },
});

/** Timers of some maps are refused. */
const refusesTimersOf = (isRefused: (map: BpfMap) => boolean): Partial<TimerRules> => ({
  checkTimer(pointer: MapValuePointer, register: number, profile: Profile) {
    if (isRefused(pointer.map)) throw new Rejection(-ERRNO.EINVAL, "this map's timers cannot be used");
    TIMER_RULES.checkTimer(pointer, register, profile);
  },
});

/** One helper is missing for one type of program. */
const lacksHelper = (type: number, helper: number): Partial<TimerRules> => ({
  hasHelper: (id, spec) => !(spec.type === type && id === helper) && TIMER_RULES.hasHelper(id, spec),
});

export const verifierFaults = {
  "verifier-allows-other-map": {
    summary: "a program may pass bpf_timer_init another map than the timer's own",
    rules: { isTimersMap: () => true },
  },
  "verifier-allows-other-inner-map": {
    summary: "a timer of one inner map may be initialized with another inner map",
    rules: { isTimersMap: (timer, { map }) => timer.map === map },
  },
  "verifier-allows-nonzero-callback": {
    summary: "a callback that returns something else than 0 loads",
    rules: { callbackReturns: undefined },
  },
  "verifier-allows-positive-callback": {
    summary: "a callback that returns a positive number loads",
    rules: { callbackReturns: { min: 0, max: 2 ** 31 - 1 } },
  },
  "verifier-forgets-branch": {
    summary: "what a callback returns on one branch is forgotten where it meets another",
    profile: () => ({ returnIsPrecise: false }),
  },
  "verifier-refuses-program-type": {
    summary: "XDP programs may not call the timer helpers",
    rules: {
      hasHelper: (id, spec) =>
        !(spec.type === BPF_PROG_TYPE.XDP && isTimerHelper(id)) && TIMER_RULES.hasHelper(id, spec),
    },
  },
  "cancel-async-refuses-program-type": {
    summary: "XDP programs may not call bpf_timer_cancel_async",
    rules: {
      hasKfunc: (name, spec, profile) => spec.type !== BPF_PROG_TYPE.XDP && TIMER_RULES.hasKfunc(name, spec, profile),
    },
  },
  "tracing-may-use-timer": {
    summary: "programs of the tracing types may use maps with a timer",
    version: "6.19",
    profile: () => ({ tracingMayUseTimer: true }),
  },
  "verifier-allows-variable-offset": allowsPointer(
    "a timer pointer may have an offset that the verifier cannot know",
    ({ min, max }) => min !== max,
  ),
  "verifier-allows-any-offset": allowsPointer(
    "a timer pointer may point beside the timer",
    ({ map, min, max, offset }) =>
      min === max && map.fields.timerOffset >= 0 && offset + min !== map.fields.timerOffset,
  ),
  "verifier-allows-timer-without-btf": allowsPointer(
    "a timer may be used in a map that was created without BTF",
    ({ map }) => !map.fields.hasBtf,
  ),
  "verifier-allows-two-timers": allowsPointer(
    "a value with two timers is taken to have the one that is used",
    ({ map }) => map.fields.timerOffset === -ERRNO.E2BIG,
  ),
  "verifier-allows-timer-load": allowsAccess("read", "a program may read the bytes of a timer"),
  "verifier-allows-timer-store": allowsAccess("write", "a program may write the bytes of a timer"),
  "verifier-allows-timer-under-lock": {
    summary: "the timer helpers may be called while a spin lock is held",
    rules: { mayCallUnderLock: (id) => isTimerHelper(id) || TIMER_RULES.mayCallUnderLock(id) },
  },
  "lru-hash-timer-unusable": {
    summary: "programs may not use the timers of an LRU hash map",
    rules: refusesTimersOf(({ spec }) => spec.type === BPF_MAP_TYPE.LRU_HASH),
  },
  "flagged-map-timer-unusable": {
    summary: "programs may not use the timers of a map that was created with flags",
    rules: refusesTimersOf(({ spec }) => spec.flags !== 0),
  },
  "verifier-refuses-init": {
    summary: "XDP programs may not call bpf_timer_init",
    rules: lacksHelper(BPF_PROG_TYPE.XDP, HELPER.timer_init),
  },
  "verifier-refuses-set-callback": {
    summary: "XDP programs may not call bpf_timer_set_callback",
    rules: lacksHelper(BPF_PROG_TYPE.XDP, HELPER.timer_set_callback),
  },
  "verifier-refuses-cgroup-skb": {
    summary: "cgroup_skb programs may not call bpf_timer_cancel",
    rules: lacksHelper(BPF_PROG_TYPE.CGROUP_SKB, HELPER.timer_cancel),
  },
} as const satisfies Faults;
