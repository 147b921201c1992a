import { describe, expect, test } from "vitest";
import { BPF_ATTACH_TYPE, BPF_MAP_TYPE, BPF_PROG_TYPE, HELPER, helperName } from "../../../bpf/uapi.ts";

describe.each([
  ["program types", BPF_PROG_TYPE, 0, 33],
  ["attach types", BPF_ATTACH_TYPE, 0, 57],
  ["map types", BPF_MAP_TYPE, 0, 34],
  ["helpers", HELPER, 1, 211],
])("%s", (_, table, first, count) => {
  test("are numbered without a gap", () => {
    expect(Object.values(table)).toEqual(Array.from({ length: count }, (_, index) => first + index));
  });
});

test("has the numbers of the UAPI header at its ends and in between", () => {
  expect(BPF_PROG_TYPE).toMatchObject({ SOCKET_FILTER: 1, LSM: 29, SYSCALL: 31, NETFILTER: 32 });
  expect(BPF_ATTACH_TYPE).toMatchObject({ CGROUP_INET_INGRESS: 0, LSM_MAC: 27, SK_LOOKUP: 36, NETFILTER: 45 });
  expect(BPF_MAP_TYPE).toMatchObject({ HASH: 1, ARRAY: 2, CGROUP_STORAGE: 19, RINGBUF: 27, ARENA: 33 });
  expect(HELPER).toMatchObject({ map_lookup_elem: 1, timer_init: 169, timer_cancel: 172, cgrp_storage_delete: 211 });
});

test("names helpers by number", () => {
  expect(helperName(170)).toBe("timer_set_callback");
  expect(helperName(0)).toBeUndefined();
  expect(helperName(212)).toBeUndefined();
});
