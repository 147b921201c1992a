import { describe, expect, test } from "vitest";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, BPF_PROG_TYPE } from "../../../bpf/uapi.ts";
import { profileOf, profiles } from "../../../harness/emulator/profiles.ts";

describe("the profile of a release", () => {
  test.each([
    ["5.15", 0],
    ["6.3", 0],
    ["6.4", BPF_F_TIMER_ABS],
    ["6.6", BPF_F_TIMER_ABS],
    ["6.7", BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN],
    ["7.3", BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN],
  ])("%s takes every change made by then", (version, timerStartFlags) =>
    expect(profileOf(version)?.timerStartFlags).toBe(timerStartFlags),
  );

  test("takes what stable gave its line, and its neighbours do not", () => {
    expect(["6.11", "6.12", "6.13"].map((version) => profileOf(version)?.lruFreeTarget)).toEqual([
      "fixed",
      "scaled",
      "fixed",
    ]);
  });

  test("is there for every release with timers, and for no other", () => {
    const absent = ["5.14", "5.20", "6.20", "7.4", "8.0", "6", "6.1.2", "6.01.0", "", "constructor"];
    expect(absent.filter((version) => profileOf(version) !== undefined)).toEqual([]);
    for (const version of ["5.16", "5.19", "6.0", "6.10", "6.19", "7.0"])
      expect(profileOf(version)?.linux).toEqual({
        major: Number(version.split(".")[0]),
        minor: Number(version.split(".")[1]),
      });
  });

  test("knows netfilter programs since 6.4 and kfuncs on timers since 7.0", () => {
    const knows = (version: string) => profileOf(version)?.unknownProgramTypes.has(BPF_PROG_TYPE.NETFILTER) === false;
    expect(["6.3", "6.4"].map(knows)).toEqual([false, true]);
    const has = (kfunc: string) => (version: string) => profileOf(version)?.kfuncs.has(kfunc);
    expect(["6.19", "7.0"].map(has("bpf_timer_cancel_async"))).toEqual([false, true]);
    expect(["6.13", "6.14"].map(has("bpf_local_irq_save"))).toEqual([false, true]);
  });

  test("is listed, oldest first, for the releases people ask for", () =>
    expect(Object.keys(profiles)).toEqual(
      expect.arrayContaining(["5.15", "6.1", "6.4", "6.6", "6.12", "6.16", "6.18", "6.19", "7.0", "7.1", "7.2", "7.3"]),
    ));
});
