/** What the verifier asks of a pointer to a timer, and what it says where that is not so. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../../bpf/errno.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { type Profile, profiles } from "../../../../harness/emulator/profiles.ts";
import type { MapValuePointer } from "../../../../harness/emulator/verifier/register-state.ts";
import { TIMER_RULES } from "../../../../harness/emulator/verifier/timer-rules.ts";

const mapWith = (timerOffset: number, hasBtf = true): BpfMap =>
  ({ spec: { name: "m" }, fields: { hasBtf, timerOffset } }) as BpfMap;

const pointerTo = (map: BpfMap, more: Partial<MapValuePointer> = {}): MapValuePointer => ({
  type: "map_value",
  map,
  uid: 0,
  orNull: false,
  id: 1,
  offset: 8,
  min: 0,
  max: 0,
  ...more,
});

const check =
  (version: string, pointer: MapValuePointer): (() => void) =>
  () =>
    TIMER_RULES.checkTimer(pointer, 1, profiles[version] as Profile);

describe.each(["6.1", "7.2"])("a pointer to a timer, %s", (version) => {
  test("points where it is, in whatever parts", () => {
    expect(check(version, pointerTo(mapWith(8)))).not.toThrow();
    expect(check(version, pointerTo(mapWith(8), { offset: 2, min: 6, max: 6 }))).not.toThrow();
    expect(check(version, pointerTo(mapWith(0), { offset: 0 }))).not.toThrow();
    expect(check(version, pointerTo(mapWith(8), { offset: 16 }))).toThrow("off 16 doesn't point to");
  });

  test("is not somewhere between bounds, and its map has BTF", () => {
    expect(check(version, pointerTo(mapWith(8), { max: 8 }))).toThrow("R1 doesn't have constant offset");
    expect(check(version, pointerTo(mapWith(8, false)))).toThrow("has to have BTF");
  });
});

test.each([
  ["6.1", -ERRNO.E2BIG, "map 'm' has more than one 'struct bpf_timer'"],
  ["6.1", -ERRNO.ENOENT, "map 'm' doesn't have 'struct bpf_timer'"],
  ["6.1", -ERRNO.EINVAL, "map 'm' is not a struct type or bpf_timer is mangled"],
  ["7.2", -ERRNO.E2BIG, "map 'm' has no valid bpf_timer"],
  ["7.2", -ERRNO.ENOENT, "map 'm' has no valid bpf_timer"],
])("a map without one, as %s says it (%i)", (version, errno, message) => {
  expect(check(version, pointerTo(mapWith(errno)))).toThrow(message);
});

test("a timer's map is the one that it is in, and of inner maps that very one", () => {
  const [map, other] = [mapWith(8), mapWith(8)];
  expect(TIMER_RULES.isTimersMap({ map, uid: 1 }, { map, uid: 1 })).toBe(true);
  expect(TIMER_RULES.isTimersMap({ map, uid: 1 }, { map, uid: 2 })).toBe(false);
  expect(TIMER_RULES.isTimersMap({ map, uid: 1 }, { map: other, uid: 1 })).toBe(false);
});
