import { describe, expect, it } from "vitest";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import { decodeMessage } from "../../../harness/kernel/message.ts";
import { Requests } from "../../../harness/kernel/request.ts";
import { mayReuse } from "../../../harness/kernel/reuse.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { MapSpec, Scenario, Step } from "../../../scenario/scenario.ts";

const HEADER_BYTES = 12;
const SLOTS = 256;

const started = (ns: number, map: MapSpec = SIMPLE_MAP): Scenario =>
  scenario([map], [program([lookup(0, 0), init(0, 1), setCallback(0), start(ns)], [callback()])], [run()]);

/** A scenario of a shape that no other number gives. */
const shaped = (number: number): Scenario => started(1000, { ...SIMPLE_MAP, maxEntries: number + 1 });

interface Request {
  slot: number;
  keepObjects: boolean;
  shape: Record<string, unknown> | undefined;
  steps: Record<string, unknown>;
}

function read(message: Buffer): Request {
  const bytes = decodeMessage(message);
  const end = HEADER_BYTES + bytes.readUInt32LE(8);
  const shape = bytes.toString("utf8", HEADER_BYTES, end);
  return {
    slot: bytes.readUInt32LE(0),
    keepObjects: bytes.readUInt32LE(4) !== 0,
    shape: shape === "" ? undefined : JSON.parse(shape),
    steps: JSON.parse(bytes.toString("utf8", end)),
  };
}

describe("Requests", () => {
  it("sends a shape once, and then its steps and numbers alone", () => {
    const requests = new Requests();
    const [first, second] = [compile(started(1000)), compile(started(2000))];
    const one = read(requests.encode(first));
    const { steps, parameters, sites: _, ...shape } = first;
    expect(one).toEqual({ slot: 0, keepObjects: true, shape, steps: { steps, parameters } });
    const other = read(requests.encode(second));
    expect(other).toEqual({ ...one, shape: undefined, steps: { steps, parameters: second.parameters } });
    expect(second.parameters).not.toBe(first.parameters);
  });

  it("gives another shape another slot, and when all are taken the one used longest ago", () => {
    const requests = new Requests();
    const encode = (number: number) => read(requests.encode(compile(shaped(number))));
    const slots = Array.from({ length: SLOTS }, (_, number) => encode(number).slot);
    expect(slots).toEqual(Array.from({ length: SLOTS }, (_, slot) => slot));
    expect(encode(0).shape).toBeUndefined();
    expect(encode(SLOTS)).toMatchObject({ slot: 1, shape: {} });
    expect(encode(0)).toMatchObject({ slot: 0, shape: undefined });
    expect(encode(1)).toMatchObject({ slot: 2, shape: {} });
  });

  it("sends every shape again once it has to forget", () => {
    const requests = new Requests();
    requests.encode(compile(started(1000)));
    requests.forget();
    expect(read(requests.encode(compile(started(1000)))).shape).toBeDefined();
  });
});

describe("mayReuse", () => {
  const [plain] = [started(1000)];
  const withSteps = (...steps: Step[]): Scenario => ({ ...plain, steps });
  const withMap = (change: Partial<MapSpec>): Scenario => started(1000, { ...SIMPLE_MAP, ...change });

  const evicting = (maxEntries: number, keys: number[]): Scenario => {
    const map: MapSpec = { ...SIMPLE_MAP, type: "lru-hash", maxEntries };
    const updates = keys.map((key): Step => ({ kind: "update", map: 0, key, payload: 0, fill: 0, flags: 0 }));
    return { ...started(1000, map), steps: [...started(1000, map).steps, ...updates] };
  };

  it.each<[string, Scenario]>([
    ["an array", plain],
    ["a hash", withMap({ type: "hash" })],
    ["a hash without preallocation", withMap({ type: "hash", flags: 1 })],
    ["an LRU map with room for all", evicting(2, [0, 1, 1])],
  ])("allows %s", (_, each) => {
    expect(mayReuse(compile(each))).toBe(true);
  });

  it.each<[string, Scenario]>([
    ["an LRU map that has to evict", evicting(2, [0, 1, 2])],
    [
      "an LRU map that a program writes to",
      scenario(
        [{ ...SIMPLE_MAP, type: "lru-hash" }],
        [program([{ kind: "update", map: 0, key: 0, flags: 0 }])],
        [run()],
      ),
    ],
    ["a large map", withMap({ maxEntries: 1000 })],
    ["a map of other flags", withMap({ flags: 1 << 3 })],
    [
      "a map that no program names",
      { ...plain, maps: [...plain.maps, SIMPLE_MAP], steps: [{ kind: "create-map", map: 1 }, ...plain.steps] },
    ],
    ["a program that is loaded only", withSteps(...plain.steps.filter(({ kind }) => kind !== "run"))],
    ["a map made twice", withSteps({ kind: "create-map", map: 0 }, ...plain.steps)],
    ["a map never made", withSteps(...plain.steps.slice(1))],
    ["a step that lets go of a map", withSteps(...plain.steps, { kind: "close-map", map: 0 })],
    ["a step that asks for a program by its id", withSteps(...plain.steps, { kind: "find-program", program: 0 })],
    ["the end of the process", withSteps(...plain.steps, { kind: "exit-process" })],
  ])("refuses %s", (_, each) => {
    expect(mayReuse(compile(each))).toBe(false);
  });
});
