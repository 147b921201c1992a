import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import type { Outcome } from "../../../harness/harness.ts";
import { ProcessHarness } from "../../../harness/process/process-harness.ts";
import { lookup, program, scenario } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { Step } from "../../../scenario/scenario.ts";

const FAKE = new URL("fake-runtime.mjs", import.meta.url).pathname;
const LIMITS = { caseMs: 8000, helloMs: 10_000 };
const CASES = 8;
const BAD = 2;

let harness: ProcessHarness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

/** A wait that has to end soon, where nothing comes. */
const SHORT = { ...LIMITS, caseMs: 1000 };

function start(how: string, limits = LIMITS): Promise<ProcessHarness> {
  const command = `${process.execPath} ${FAKE} ${BAD} ${how}`;
  harness = new ProcessHarness(`process:${how}`, command, { name: "test", version: "0" }, limits);
  return harness.open();
}

/** Case k has k + 1 steps: the fake runtime tells them apart by that. */
const cases = Array.from({ length: CASES }, (_, at) => {
  const steps = Array.from({ length: at + 1 }, (): Step => ({ kind: "advance", ns: 1 }));
  return compile({ ...scenario([SIMPLE_MAP], [program([lookup(0, 0)])], []), steps });
});

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);
const reasonOf = (outcome: Outcome | undefined): string => (outcome?.kind === "error" ? outcome.reason : "");
const ALL_BUT_ONE = cases.map((_, at) => (at === BAD ? "error" : "trace"));

describe("a runtime in a process", () => {
  test("is asked what it is, and answers every case", async () => {
    const { version, processors, clock, linux } = await start("honest");
    expect({ version, processors, clock, linux }).toEqual({
      version: "fake 1",
      processors: 1,
      clock: { kind: "virtual", latenessNs: 0 },
      linux: undefined,
    });
    expect(kinds((await harness?.run(cases)) ?? [])).toEqual(cases.map(() => "trace"));
  });

  test("may answer in any order", async () => {
    const outcomes = await (await start("out-of-order")).run(cases);
    expect(outcomes.map((each) => (each.kind === "trace" ? each.trace.steps.length : 0))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  test.each<[string, RegExp]>([
    ["never", /^no answer within 1 s/],
    ["late", /^no answer within 1 s/],
    ["twice", /^it answered case \d+ twice/],
    ["garbage", /^it wrote a line that is no JSON: \?\[31m\{not json/],
    ["not-an-answer", /^it wrote a line that answers no case: \{"hello":"again"\}/],
    ["another-case", /^it answered case \d+, which it was not asked/],
    ["huge", /^it wrote a line of more than 16 MiB/],
    ["huge-line", /^it wrote a line of more than 16 MiB/],
    ["crash", /^it died of SIGSEGV/],
    ["exit", /^it exited with 7/],
    ["fork", /^it exited with 0; the last it said: child \d+/],
    ["closes-output", /^it closed its output/],
    ["too-few-steps", /^its trace is not one of this case: 0 steps, the case has 3/],
    ["site-out-of-range", /^its trace is not one of this case: step 0: record 0: site 99 of \d/],
    ["cpu-out-of-range", /^its trace is not one of this case: step 0: record 0: processor 9 of 1/],
    ["wrong-type", /^its answer is none at trace\.steps\.0\.result/],
    ["says-error", /^out\?of memory/],
  ])("that misbehaves at one case (%s) loses no other", async (how, reason) => {
    const runtime = await start(how, how === "never" || how === "late" ? SHORT : LIMITS);
    const outcomes = await runtime.run(cases);
    expect(reasonOf(outcomes[BAD])).toMatch(reason);
    expect(kinds(outcomes)).toEqual(ALL_BUT_ONE);
    // It goes on.
    const [first] = cases;
    if (first !== undefined) expect(kinds(await runtime.run([first]))).toEqual(["trace"]);
  });

  test("that floods its standard error is read all the same", async () => {
    expect(kinds(await (await start("stderr-flood")).run(cases))).toEqual(cases.map(() => "trace"));
  });

  test("that misbehaves once, and not again when the suspects are alone, is not let off", async () => {
    const folder = mkdtempSync(join(tmpdir(), "timerconf-"));
    const outcomes = await (await start(`garbage-once ${join(folder, "done")}`)).run(cases);
    rmSync(folder, { recursive: true });
    const errors = outcomes.filter(({ kind }) => kind === "error");
    expect(errors).toHaveLength(1);
    expect(reasonOf(errors[0])).toMatch(/no JSON.*each of the \d+ cases that were in flight then did well alone/);
  });

  test("that stops reading is given up as soon as nothing comes", async () => {
    const runtime = await start("closes-input", SHORT);
    // What it had read before, it answers: it depends on the pipe whether that is all of the first round.
    const outcomes = [...(await runtime.run(cases)), ...(await runtime.run(cases))];
    expect(outcomes).toHaveLength(2 * CASES);
    expect(kinds(outcomes)).toContain("error");
  });

  test("that exits after each hello is given up", async () => {
    const outcomes = await (await start("exits-after-hello")).run(cases);
    expect(kinds(outcomes)).toEqual(cases.map(() => "error"));
  });

  test("that is closed at work leaves no case without an outcome", async () => {
    const runtime = await start("never");
    const running = runtime.run(cases);
    await runtime.close();
    expect(kinds(await running)).toContain("error");
  });

  test("does not keep what it started alive", async () => {
    const outcomes = await (await start("fork")).run(cases);
    const child = /child (\d+)/.exec(reasonOf(outcomes[BAD]))?.[1];
    expect(child).toBeDefined();
    // A process that was killed takes a moment to be gone.
    await vi.waitFor(() => expect(isAlive(Number(child))).toBe(false), { timeout: 5000 });
  });
});

/** Whether a process is there and has not ended: what nobody has waited for yet counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("a runtime that cannot be opened", () => {
  test.each<[string, RegExp]>([
    ["exits-before-hello", /it exited with 3/],
    ["newer-protocol", /it speaks version 2 of the protocol, this is version 1/],
    ["hello-is-garbage", /it wrote a line that is no JSON: hello there/],
  ])("says why: %s", async (how, reason) => {
    await expect(start(how)).rejects.toThrow(reason);
  });

  test("says so where no hello comes", async () => {
    const silent = new ProcessHarness(
      "process:x",
      `${process.execPath} ${FAKE} ${BAD} no-hello`,
      { name: "t", version: "0" },
      {
        ...LIMITS,
        helloMs: 500,
      },
    );
    await expect(silent.open()).rejects.toThrow(/no hello within 0.5 s/);
  });
});
