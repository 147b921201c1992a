/** What a case leaves behind is found and named, with whose it is: shown with an agent that leaves things on purpose. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SIMPLE_MAP } from "../../generators/map.ts";
import type { Outcome } from "../../harness/harness.ts";
import { buildAgent } from "../../harness/kernel/agent-build.ts";
import { Guest } from "../../harness/kernel/guest.ts";
import { GuestSource } from "../../harness/kernel/guest-source.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { Requests } from "../../harness/kernel/request.ts";
import { readOutcome } from "../../harness/kernel/trace-reader.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { Scenario, Step } from "../../scenario/scenario.ts";

const MS = 1_000_000;
const LIMITS = { bootMs: 120_000, snapshotMs: 20_000, caseMs: 20_000 };
const FAULTS = "leak-map,leak-program,leave-pin,leave-timer";

const starting = scenario(
  [SIMPLE_MAP],
  [program([lookup(0, 0), init(0, 1), setCallback(0), start(10 * MS)], [callback()])],
  [run()],
);
const withSteps = (...steps: Step[]): Scenario => ({ ...starting, steps: [...starting.steps, ...steps] });

describe("an agent that leaves things behind", () => {
  const requests = new Requests();
  let guest: Guest;

  async function complaints(...scenarios: Scenario[]): Promise<(readonly string[])[]> {
    const { answers, late = [] } = await guest.answer(scenarios.map((each) => requests.encode(compile(each))));
    return answers.map((answer, index) => {
      const outcome: Outcome = readOutcome(String(answer));
      if (outcome.kind !== "trace") throw new Error(`no trace but ${JSON.stringify(outcome)}`);
      const foundLate = late.filter((each) => each.case === index).map(({ complaint }) => complaint);
      return [...outcome.trace.complaints, ...foundLate];
    });
  }

  beforeAll(async () => {
    const kernel = await findKernelImage({ kind: "any" }, console.error);
    const { initramfs } = await buildAgent(console.error);
    const machine = { kernel, initramfs, accelerator: "tcg-icount", append: [`TIMERCONF_FAULT=${FAULTS}`] } as const;
    const options = { progress: console.error, once: true, measured: "", measureNs: async () => 0 };
    const started = await new GuestSource(machine, LIMITS, options).start();
    if (!(started instanceof Guest)) throw new Error(started.reason);
    guest = started;
  });
  afterAll(() => guest?.close());

  it("is named for a map and a program that it has not closed", async () => {
    const [found] = await complaints(withSteps({ kind: "close-program", program: 0 }));
    expect(found).toContain("left behind by the agent: map 0");
    expect((await complaints(withSteps({ kind: "close-map", map: 0 })))[0]).toEqual([
      "left behind by the agent: map 0",
      "left behind by the agent: program 0",
    ]);
  });

  it("is named with the very case, whichever come after it", async () => {
    const clean = scenario([SIMPLE_MAP], [program([lookup(0, 0)])], [run()]);
    const leaking = withSteps({ kind: "close-map", map: 0 });
    const found = await complaints(clean, leaking, clean, clean);
    expect(found).toEqual([
      [],
      ["left behind by the agent: program 0", "left behind by the agent: map 0"].sort(),
      [],
      [],
    ]);
  });

  it("is named for a pin that it has not removed", async () => {
    const [found] = await complaints(withSteps({ kind: "pin-map", map: 0 }));
    expect(found).toContain("left behind by the agent: a pin");
  });

  it("is named for a timer that it has left armed in a map that is used again", async () => {
    const waiting = withSteps({ kind: "advance", ns: MS });
    const other = scenario([SIMPLE_MAP], [program([lookup(0, 0)])], [run(), { kind: "advance", ns: 50 * MS }]);
    const [first, , third] = await complaints(waiting, other, waiting);
    expect(first).toEqual([]);
    expect(third).toContain("left behind by the agent: a timer, which has fired since");
  });
});
