/** What examples/c-adapter makes of cases before a runtime sees them, and of what the runtime gives. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { misfitOf } from "../../harness/process/fitting-trace.ts";
import { answerSchema, helloSchema } from "../../harness/process/protocol.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { compiledStepKinds } from "../../scenario/compiled-scenario.ts";
import { LOG_RECORDS_MAX } from "../../scenario/log-map.ts";
import type { Operation, ProgramSpec, Scenario, Step } from "../../scenario/scenario.ts";
import type { Trace } from "../../scenario/trace.ts";
import { timerMap } from "../emulator/emulator-scenarios.ts";
import { compileC, greeting, talk } from "./adapters.ts";

const WITNESS = join(import.meta.dirname, "c-adapter-witness.c");
/** Kinds of step that nothing draws yet. */
const UNKNOWN_KINDS: readonly string[] = ["parallel", "attach"];

let folder = "";
let witness = "";
let verifier = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-c-adapter-"));
  witness = join(folder, "witness");
  verifier = join(folder, "verifier");
  await compileC(WITNESS, witness);
  await compileC(WITNESS, verifier, "-DVERIFIES_ONLY");
});
afterAll(() => rm(folder, { recursive: true }));

/** Looks an element up with a key that the first parameter holds, and arms its timer; one callback. */
const OPERATIONS: readonly Operation[] = [
  { kind: "lookup", map: 0, key: 3, slot: 0 },
  { kind: "timer-init", element: 0, map: 0, flags: 1 },
  { kind: "timer-set-callback", element: 0, callback: 0 },
  { kind: "timer-cancel-async", element: 0 },
];
const PROGRAM: ProgramSpec = {
  type: "xdp",
  operations: [...OPERATIONS],
  callbacks: [{ operations: [{ kind: "timer-cancel", element: "self" }], returns: 0 }],
};

const create: Step = { kind: "create-map", map: 0 };
const load: Step = { kind: "load-program", program: 0 };
const run: Step = { kind: "run", program: 0 };

const scenario = (...steps: Step[]): Scenario => ({ maps: [timerMap()], programs: [PROGRAM], steps });

function ask(adapter: string, compiled: CompiledScenario) {
  const { status, stderr, answers } = talk(adapter, greeting(), { id: 7, scenario: compiled });
  expect(status).toBe(0);
  return { answer: answerSchema.parse(answers[0]), said: stderr.split("\n").slice(0, -1) };
}

/** Runs a case on the witness: its trace, and what the runtime was asked for between the log map and the end. */
function see(given: Scenario | CompiledScenario): { trace: Trace; said: string[] } {
  const compiled = "btf" in given ? given : compile(given);
  const { answer, said } = ask(witness, compiled);
  if (!("trace" in answer)) throw new Error(`no trace: ${JSON.stringify(answer)}`);
  expect(misfitOf(answer.trace, compiled, 2)).toBeUndefined();
  return { trace: answer.trace, said: said.slice(1, -1) };
}

const results = (...steps: Step[]): number[] => see(scenario(...steps)).trace.steps.map(({ result }) => result);
const asked = (...steps: Step[]): string[] => see(scenario(...steps)).said;

const hex = (value: bigint): string => value.toString(16).padStart(16, "0");

/** What the witness gives for each load that stands for something, by the slot of the load. */
function expectedLoads({ programs: [program] }: CompiledScenario): string[] {
  const code = Buffer.from(program?.instructions ?? "", "hex");
  const calls = new Map<number, string>();
  for (let slot = 0; slot < code.length / 8; slot++) {
    const [opcode, registers] = [code[8 * slot], code[8 * slot + 1] ?? 0];
    if (opcode !== 0x18) continue;
    const [low, high] = [code.readInt32LE(8 * slot + 4), code.readInt32LE(8 * slot + 12)];
    const source = registers >> 4;
    const map = program?.relocations.find(({ instruction }) => instruction === slot);
    const name = map?.kind === "map" ? map.map : "";
    if (source === 1) calls.set(slot, hex(0x1111_0000_0000_0000n + BigInt(name.charCodeAt(name.length - 1))));
    if (source === 2) calls.set(slot, hex(0x2222_0000_0000_0000n + BigInt(high)));
    if (source === 4) calls.set(slot, hex(0x3333_0000_0000_0000n + BigInt(slot + 1 + low)));
  }
  return [...calls].map(([slot, value]) => `at ${slot} src 0: ${value}`);
}

describe("the C adapter", () => {
  it("has every kind of step that is drawn", () => {
    const { steps } = helloSchema.parse(talk(witness, greeting()).hello);
    expect(steps).toEqual(expect.arrayContaining(compiledStepKinds.filter((kind) => !UNKNOWN_KINDS.includes(kind))));
  });

  it("hands a map its sizes and special fields, and keeps the log map to itself", () => {
    expect(asked(create)).toEqual(["create m0 type 1, 4:24 bytes, 4 entries, flags 0, timer at 8"]);
  });

  it("puts what the runtime gives into loads of maps, values and functions, and into calls of kfuncs", () => {
    const compiled = compile(scenario(create, load));
    const { said } = see(compiled);
    expect(said.filter((line) => /src/.test(line))).toEqual(expectedLoads(compiled));
    expect(said.filter((line) => /3333/.test(line))).toHaveLength(1);
    expect(said.filter((line) => /kfunc/.test(line))).toEqual([
      expect.stringMatching(`^at [0-9]+ kfunc ${"bpf_timer_cancel_async".length}$`),
    ]);
  });

  it("does not load a program that names a map without a descriptor", () => {
    expect(see(scenario(load))).toMatchObject({ trace: { steps: [{ result: -ERRNO.EBADF }] }, said: [] });
  });

  it("hands over the parameters, and reads the records that each step added", () => {
    const { trace, said } = see(
      scenario(create, load, { ...run, cpu: 1 }, { kind: "advance", ns: 5 }, run, { ...run, cpu: 2 }),
    );
    expect(said).toContain("run p0, first number 3");
    const record = { site: 1, value: -22, aux: 256 };
    expect(trace.steps.slice(2)).toEqual([
      { result: 0, returnValue: 2 ** 32 - 1, timeNs: 0, records: [{ ...record, cpu: 1, timeNs: 0 }] },
      { result: 0, timeNs: 5, records: [] },
      { result: 0, returnValue: 2 ** 32 - 1, timeNs: 5, records: [{ ...record, cpu: 0, timeNs: 5 }] },
      { result: -ERRNO.EINVAL, timeNs: 5, records: [] },
    ]);
  });

  it("counts the records that the log had no room for", () => {
    const runs = Array.from({ length: LOG_RECORDS_MAX + 2 }, () => run);
    const { trace } = see(scenario(create, load, ...runs));
    expect(trace.droppedRecords).toBe(2);
    expect(trace.steps.flatMap(({ records }) => records)).toHaveLength(LOG_RECORDS_MAX);
  });

  it("writes and reads values of each processor for a per-CPU map", () => {
    const map = { ...timerMap("percpu-array"), value: { size: 12, fields: [{ kind: "u64", offset: 0 } as const] } };
    const steps: Step[] = [
      create,
      { kind: "update", map: 0, key: 0, payload: 0x0102, fill: 0, flags: 0 },
      { kind: "lookup", map: 0, key: 0 },
    ];
    const { trace } = see({ maps: [map], programs: [], steps });
    expect(trace.steps[2]?.value).toBe(`0201${"00".repeat(14)}`.repeat(2));
  });

  it("holds inner maps, and says nothing of their numbers", () => {
    const outer = { ...timerMap("array-of-maps"), btf: false, value: { size: 4, fields: [] }, innerMap: 0 };
    const steps: Step[] = [
      { kind: "create-map", map: 1 },
      create,
      { kind: "create-map", map: 1 },
      { kind: "update", map: 1, key: 2, payload: 0, fill: 0, flags: 1 },
      { kind: "lookup", map: 1, key: 2 },
    ];
    const { trace, said } = see({ maps: [timerMap(), outer], programs: [], steps });
    expect(trace.steps.map(({ result }) => result)).toEqual([-ERRNO.EBADF, 0, 0, 0, 0]);
    expect(said.slice(1)).toEqual([
      "create m1 type 12, 4:4 bytes, 4 entries, flags 0, inner m0",
      "update m1[2] to m0 flags 1",
    ]);
    expect(trace.steps[4]?.value).toBe("00000000");
  });
});

describe("the process of the C adapter", () => {
  it("has no descriptor that it did not open", () => {
    const kinds: Step[] = [
      run,
      { kind: "update", map: 0, key: 0, payload: 0, fill: 0, flags: 0 },
      { kind: "delete", map: 0, key: 0 },
      { kind: "lookup", map: 0, key: 0 },
      { kind: "close-map", map: 0 },
      { kind: "close-program", program: 0 },
      { kind: "pin-map", map: 0 },
      { kind: "pin-program", program: 0 },
    ];
    expect(results(...kinds)).toEqual(kinds.map(() => -ERRNO.EBADF));
  });

  it("pins maps, and opens and removes the pins", () => {
    const steps = ["open-pin", "pin-map", "pin-map", "close-map", "open-pin", "unpin-map", "unpin-map"] as const;
    const { trace, said } = see(scenario(create, ...steps.map((kind): Step => ({ kind, map: 0 }))));
    expect(trace.steps.slice(1).map(({ result }) => result)).toEqual([
      -ERRNO.ENOENT,
      0,
      -ERRNO.EEXIST,
      0,
      0,
      0,
      -ERRNO.ENOENT,
    ]);
    expect(said.slice(1)).toEqual([2, 1, 2, 1].map((users) => `m0 has ${users} users`));
  });

  it("pins programs, and finds those that still exist", () => {
    const steps = [
      "find-program",
      "pin-program",
      "close-program",
      "find-program",
      "open-program-pin",
      "unpin-program",
      "close-program",
      "find-program",
    ] as const;
    const { trace, said } = see(scenario(create, load, ...steps.map((kind): Step => ({ kind, program: 0 }))));
    expect(trace.steps.slice(2).map(({ result }) => result)).toEqual([0, 0, 0, 0, 0, 0, 0, -ERRNO.ENOENT]);
    const users = [2, 1, 2, 1, 0].map((count) => `p0 has ${count} users`);
    expect(said.filter((line) => /users/.test(line))).toEqual(users);
  });

  it("closes the old descriptor where a step makes a new one", () => {
    expect(asked(create, create).slice(2)).toEqual(["m0 has 0 users"]);
  });

  it("lets go of all it holds when it ends, and the next one has the capability again", () => {
    const end: Step[] = [{ kind: "drop-capability" }, create, load, { kind: "exit-process" }, create];
    const { trace, said } = see(scenario(create, load, ...end));
    expect(trace.steps.map(({ result }) => result)).toEqual([0, 0, 0, -ERRNO.EPERM, -ERRNO.EPERM, 0, 0]);
    expect(said.filter((line) => /users/.test(line))).toEqual(["m0 has 0 users", "p0 has 0 users"]);
  });
});

describe("the C adapter's errors", () => {
  const compiled = compile(scenario(create));
  const withSteps = (...steps: object[]): object => ({ id: 1, scenario: { ...compiled, steps } });

  it.each([
    [{ kind: "attach", program: "p0", to: "x" }, "the step attach is unknown here"],
    [{ kind: "create-map", map: "m9" }, "the case has no map m9"],
    [{ kind: "lookup", map: "m0", key: "00" }, "a key of map m0 has 1 bytes"],
    [{ kind: "lookup", map: "m0", key: "0000000x" }, "malformed request: no hexadecimal text"],
    [{ kind: "run" }, "malformed request: program"],
    [{ kind: "run", program: 'p"\u0001\n' }, 'the case has no program p"?'],
  ])("name what is wrong with a step: %j", (step, error) => {
    const { answers } = talk(witness, greeting(), withSteps(step), { id: 2, scenario: compiled });
    const [first, second] = answers.map((answer) => answerSchema.parse(answer));
    const reason = first !== undefined && "error" in first ? first.error : undefined;
    expect(reason?.replaceAll(/[^\x20-\x7e]+/g, "?")).toBe(error);
    expect(second).toHaveProperty("trace");
  });
});

describe("a verifier on the C adapter", () => {
  it("answers with what its loads gave", () => {
    const { answer } = ask(verifier, compile(scenario(create, load, load)));
    expect(answer).toEqual({ id: 7, loads: [-ERRNO.EACCES, -ERRNO.EACCES] });
  });
});
