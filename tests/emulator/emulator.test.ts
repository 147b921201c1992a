import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Assembler, add, exit, mov, R0, R1 } from "../../bpf/assembler.ts";
import { encodeInstructions } from "../../bpf/instruction.ts";
import { anyScenario } from "../../generators/scenario.ts";
import { faults, openEmulator, profiles } from "../../harness/emulator/index.ts";
import { UnknownRuntime } from "../../harness/harness.ts";
import { advance, callback, init, lookup, program, run, scenario, setCallback, start } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import { traceSchema } from "../../scenario/trace.ts";
import { timerMap } from "./emulator-scenarios.ts";

describe("the emulator as a runtime", () => {
  test("is the newest kernel unless told otherwise", () => {
    expect(openEmulator("emulator").version).toBe(Object.keys(profiles).at(-1));
    expect(openEmulator("emulator:6.1")).toMatchObject({ version: "6.1", linux: { major: 6, minor: 1 } });
    expect(openEmulator("emulator:6.12+fault=fires-twice").name).toBe("emulator:6.12+fault=fires-twice");
    expect(openEmulator("emulator+fault=fires-twice").version).toBe("7.3");
  });

  test("is the newest kernel that a fault is a defect of, where later ones do just that", () => {
    expect(openEmulator("emulator+fault=tracing-may-use-timer").version).toBe("6.19");
    expect(openEmulator("emulator:6.1+fault=tracing-may-use-timer").version).toBe("6.1");
  });

  test.each([
    ["emulator:9.9", "5.15 to 7.3"],
    ["emulator:", "5.15 to 7.3"],
    ["emulator:constructor", "5.15 to 7.3"],
    ["emulator+fault=none", "timerconf list"],
    ["emulator+fault=", "timerconf list"],
    ["emulators", "emulator:6.12"],
  ])("%s is refused on one line that says what there is", (name, hint) => {
    expect(() => openEmulator(name)).toThrow(UnknownRuntime);
    expect(() => openEmulator(name)).toThrow(hint);
    expect(() => openEmulator(name)).not.toThrow("\n");
  });

  test("gives as many outcomes as scenarios, each from a clean state", async () => {
    const arm = program([lookup(0, 1), init(0, 1), setCallback(0), start(10)], [callback()]);
    const compiled = compile(scenario([timerMap()], [arm], [run(), advance(100)]));
    const [first, second] = await openEmulator("emulator").run([compiled, compiled]);
    expect(first?.kind).toBe("trace");
    expect(second).toEqual(first);
  });

  test("cuts off what does not end", async () => {
    const compiled = compile(scenario([], [program([], [])], [run()]));
    const asm = new Assembler()
      .emit(mov(R0, 0), mov(R1, 0))
      .label("again")
      .emit(add(R1, 1))
      .jumpIf("ne", R0, 1, "again");
    const instructions = encodeInstructions(asm.emit(exit()).assemble().instructions);
    const endless = {
      ...compiled,
      programs: compiled.programs.map((spec) => ({ ...spec, instructions: Buffer.from(instructions).toString("hex") })),
    };
    const [outcome] = await openEmulator("emulator").run([endless]);
    expect(outcome).toMatchObject({ kind: "error", reason: "a program does not end" });
  });

  test.each(Object.keys(profiles))("gives the same valid trace every time, %s", async (version) => {
    await fc.assert(
      fc.asyncProperty(anyScenario, async (own) => {
        const compiled = compile(own);
        const [outcome] = await openEmulator(`emulator:${version}`).run([compiled]);
        if (outcome?.kind !== "trace") throw new Error(JSON.stringify(outcome));
        expect(traceSchema.parse(outcome.trace)).toEqual(outcome.trace);
        expect((await openEmulator(`emulator:${version}`).run([compiled]))[0]).toEqual(outcome);
      }),
      { numRuns: 80 },
    );
  });

  test.each(Object.keys(faults))("runs any scenario with fault %s", async (fault) => {
    const harness = openEmulator(`emulator+fault=${fault}`);
    const outcomes = await harness.run(fc.sample(anyScenario, { numRuns: 40, seed: 1 }).map(compile));
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => "trace"));
  });
});
