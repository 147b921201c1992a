import { expect, test } from "vitest";
import { callback, init, lookup, program, run, scenario, setCallback } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import { readHistory } from "../../../scenario/history.ts";
import { type MapSpec, type Scenario, scenarioSchema } from "../../../scenario/scenario.ts";
import type { Trace } from "../../../scenario/trace.ts";

const MAP: MapSpec = {
  type: "hash",
  maxEntries: 1,
  flags: 0,
  btf: true,
  value: { size: 16, fields: [{ kind: "timer", offset: 0 }] },
};

const withKey = (key: number): Scenario =>
  scenario([MAP], [program([lookup(0, key), init(0, 1), setCallback(0)], [callback()])], [run()]);

test("a key is below 2^32, and what says otherwise is refused by name", () => {
  expect(scenarioSchema.safeParse(withKey(0xffff_ffff)).success).toBe(true);
  const refused = scenarioSchema.safeParse(withKey(2 ** 32));
  expect(refused.success).toBe(false);
  expect(refused.error?.issues.some(({ message }) => message.includes("a key is below 2^32"))).toBe(true);
});

test("a callback's key is read as unsigned", () => {
  const spec = withKey(0x8000_0001);
  const compiled = compile(spec);
  const site = compiled.sites.findIndex(({ operation }) => operation === "entry");
  const record = { site, cpu: 0, timeNs: 2, value: 0x8000_0001 | 0, aux: 0x100 };
  const trace: Trace = {
    format: "bpf-timer-conformance/trace",
    version: 1,
    steps: [{ result: 0, timeNs: 1, records: [record] }],
    droppedRecords: 0,
    complaints: [],
  };
  const [, firing] = readHistory(spec, compiled, trace).events;
  expect(firing).toMatchObject({ kind: "firing", element: { map: 0, key: 0x8000_0001 } });
});
