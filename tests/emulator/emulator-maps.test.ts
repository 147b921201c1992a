import { describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_NO_PREALLOC, BPF_NOEXIST } from "../../bpf/uapi.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../../scenario/build.ts";
import type { MapSpec, Step } from "../../scenario/scenario.ts";
import { see, timerMap, VERSIONS } from "./emulator-scenarios.ts";

const update = (key: number, flags = 0, payload = 7): Step => ({
  kind: "update",
  map: 0,
  key,
  payload,
  fill: 0xff,
  flags,
});
const read = (key: number): Step => ({ kind: "lookup", map: 0, key });
const remove = (key: number): Step => ({ kind: "delete", map: 0, key });

async function results(map: MapSpec, ...steps: Step[]): Promise<number[]> {
  const { steps: seen } = await see(scenario([map], [], steps));
  return seen.slice(1).map(({ result }) => result);
}

describe("maps from user space", () => {
  test.each<[string, MapSpec]>([
    ["hash", timerMap()],
    ["hash without preallocation", timerMap("hash", { flags: BPF_F_NO_PREALLOC })],
  ])("%s: flags, fullness and deletion", async (_, map) => {
    const small = { ...map, maxEntries: 2 };
    expect(await results(small, update(1, BPF_EXIST), update(1), update(1, BPF_NOEXIST), update(1, 9))).toEqual([
      -ERRNO.ENOENT,
      0,
      -ERRNO.EEXIST,
      -ERRNO.EINVAL,
    ]);
    expect(await results(small, update(1), update(2), update(3), update(2), remove(1), update(3), read(1))).toEqual([
      0,
      0,
      -ERRNO.E2BIG,
      0,
      0,
      0,
      -ERRNO.ENOENT,
    ]);
    expect(await results(small, remove(1))).toEqual([-ERRNO.ENOENT]);
  });

  test("array: always there, never deleted", async () => {
    const array = timerMap("array", { maxEntries: 2 });
    expect(await results(array, read(1), read(2), update(2), update(1, BPF_NOEXIST), remove(1))).toEqual([
      0,
      -ERRNO.ENOENT,
      -ERRNO.E2BIG,
      -ERRNO.EEXIST,
      -ERRNO.EINVAL,
    ]);
  });

  test("LRU hash: a full map takes another element", async () => {
    const lru = timerMap("lru-hash", { maxEntries: 2 });
    expect(await results(lru, update(1), update(2), update(3), read(3))).toEqual([0, 0, 0, 0]);
  });

  test.each(["hash", "array"] as const)("%s: the timer's bytes are neither written nor read", async (type) => {
    const { steps } = await see(scenario([timerMap(type)], [], [update(1), read(1)]));
    expect(steps.at(-1)?.value).toBe(`07${"00".repeat(23)}`);
  });

  test("a second timer in the value makes it a value without timers, on 6.1 read as it is", async () => {
    const value = { size: 40, fields: [8, 24].map((offset) => ({ kind: "timer" as const, offset })) };
    const { steps } = await see(scenario([timerMap("hash", { value })], [], [update(1), read(1)]), "emulator:6.1");
    expect(steps.at(-1)?.value).toBe("00".repeat(8) + "ff".repeat(32));
  });
});

describe("evicting an element of an LRU map", () => {
  test("frees its timer", async () => {
    const arm = program([lookup(0, 1), init(0, 1), setCallback(0), start(1_000_000)], [callback()]);
    const steps = [run(), update(2), update(3), update(4), { kind: "advance" as const, ns: 2_000_000 }];
    const { events, steps: seen } = await see(scenario([timerMap("lru-hash", { maxEntries: 2 })], [arm], steps));
    expect(seen.every(({ result }) => result === 0)).toBe(true);
    expect(events).not.toContain("c0!1");
  });
});

describe("creating a map", () => {
  const created = async (map: MapSpec, runtime = "emulator"): Promise<number | undefined> =>
    (await see(scenario([map], [], []), runtime)).steps[0]?.result;

  test.each(VERSIONS)("with a timer works for hash, LRU hash and array alone, %s", async (version) => {
    for (const type of ["hash", "lru-hash", "array"] as const)
      expect(await created(timerMap(type), `emulator:${version}`)).toBe(0);
    for (const type of ["percpu-hash", "percpu-array", "lru-percpu-hash"] as const)
      expect(await created(timerMap(type), `emulator:${version}`)).toBe(-ERRNO.EOPNOTSUPP);
  });

  test("a map of maps needs its inner map's descriptor, and no BTF", async () => {
    const value = { size: 4, fields: [] };
    const outer = (btf: boolean): MapSpec => timerMap("array-of-maps", { value, btf, innerMap: 0 });
    const create = (map: number): Step => ({ kind: "create-map", map });
    const put: Step = { kind: "update", map: 1, key: 0, payload: 0, fill: 0, flags: 0 };
    const own = { maps: [timerMap(), outer(false)], programs: [] };
    const seen = async (steps: Step[]) => (await see({ ...own, steps })).steps.map(({ result }) => result);
    expect(await seen([create(1)])).toEqual([-ERRNO.EBADF]);
    expect(await seen([create(0), create(1), put, { kind: "close-map", map: 0 }, put])).toEqual([
      0,
      0,
      0,
      0,
      -ERRNO.EBADF,
    ]);
  });
});
