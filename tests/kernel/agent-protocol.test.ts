import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawCases } from "../../conformance/cases.ts";
import { checkGuarantees } from "../../conformance/check-guarantees.ts";
import type { GuaranteeResult } from "../../conformance/results.ts";
import type { Harness } from "../../harness/harness.ts";
import { buildAgent } from "../../harness/kernel/agent-build.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { parseKernelName } from "../../harness/kernel/kernel-name.ts";
import { machineArguments, QEMU_PROGRAM } from "../../harness/kernel/qemu.ts";
import { ProcessHarness } from "../../harness/process/process-harness.ts";
import { helloSchema } from "../../harness/process/protocol.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

/** GUARANTEES=. CASES=20 for all guarantees, and more cases of each: guest time is real, and every wait is waited for. */
const CASES = Number(process.env.CASES ?? 1);
const GUARANTEES = new RegExp(process.env.GUARANTEES ?? "^(init|cancel)\\.");
const LIMIT_MS = CASES === 1 ? 300_000 : 7_200_000;
const SEED = 5;
const NAME = "kernel:6.12";
/** A serial port that nobody has opened yet loses what comes. */
const HOLD_INPUT = new URL("hold-input.mjs", import.meta.url).pathname;
const LIMITS = { caseMs: 60_000, helloMs: 120_000 };

/** QEMU with the agent as /init, which speaks the protocol on the second serial port: our standard input and output. */
async function guestCommand(): Promise<string> {
  const { initramfs } = await buildAgent(console.error);
  const kernel = await findKernelImage(parseKernelName(NAME), console.error);
  const append = ["TIMERCONF_PROTOCOL=ttyS1"];
  const machine = machineArguments({ kernel, initramfs, accelerator: "tcg", append });
  const argv = [QEMU_PROGRAM, ...machine, "-serial", "null", "-chardev", "stdio,id=agent,signal=off"];
  const command = [process.execPath, HOLD_INPUT, ...argv, "-serial", "chardev:agent"];
  return command.map((word) => `'${word}'`).join(" ");
}

async function verdictsOn(harness: Harness): Promise<Map<string, GuaranteeResult>> {
  const catalogue = await loadCatalogue();
  const casesOf = (guarantee: (typeof catalogue)[number]) => drawCases(guarantee, SEED, CASES);
  let results: GuaranteeResult[] = [];
  const drawn = catalogue.filter(({ id }) => GUARANTEES.test(id));
  const options = { drawn, catalogue, casesOf, seed: SEED, found: async () => undefined };
  for await (const progress of checkGuarantees(harness, options)) results = progress.results;
  return new Map(results.map((result) => [result.guarantee, result]));
}

describe("the agent, as an ordinary program", () => {
  const speak = async (lines: string, ...words: string[]) => {
    const { program } = await buildAgent(console.error);
    const { stdout, stderr, status } = spawnSync(program, words, { input: lines, encoding: "utf8" });
    return { answers: stdout.split("\n").filter((line) => line !== ""), stderr, status };
  };
  const GREETING = '{"protocol":1,"name":"test","version":"0"}\n';

  test("says hello, and what is wrong with a case that it cannot read, one at a time or several", async () => {
    for (const parallel of [1, 4]) {
      const cases = [1, 2, 3, 4, 5].map((id) => `{"id":${id},"scenario":{}}\n`).join("");
      const { answers, status } = await speak(GREETING + cases, "--parallel", `${parallel}`);
      const [hello, ...errors] = answers.map((line) => JSON.parse(line));
      expect(helloSchema.parse(hello)).toMatchObject({ name: "Linux", executes: true, verifies: true, parallel });
      expect(errors.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4, 5]);
      expect(errors.map(({ error }) => error)).toEqual(Array(5).fill("malformed scenario: format is missing"));
      expect(status).toBe(0);
    }
  });

  test("ends where the other side speaks another version, or its arguments are wrong", async () => {
    const other = await speak('{"protocol":2}\n');
    expect(other).toMatchObject({ status: 2, stderr: "agent: the other side speaks protocol 2, this is 1\n" });
    const usage = await speak("", "--parallel", "0");
    expect(usage.status).toBe(2);
    expect(usage.stderr).toMatch(/^usage: /);
  });
});

describe("the agent, as a runtime that speaks the protocol inside a guest", () => {
  let byProtocol: ProcessHarness;
  let ours: Harness;
  beforeAll(async () => {
    const greeting = { name: "test", version: "0" };
    byProtocol = await new ProcessHarness("process:agent", await guestCommand(), greeting, LIMITS).open();
    ours = await openKernel(NAME, { progress: console.error, guests: 1 });
  });
  afterAll(async () => {
    await byProtocol?.close();
    await ours?.close();
  });

  test("says which kernel it runs on", () => {
    expect(byProtocol.version).toBe(`Linux ${ours.version}`);
    expect(byProtocol.linux).toEqual(ours.linux);
  });

  const title = "gives guarantees the verdicts that the same kernel has through our own channel";
  test(title, { timeout: LIMIT_MS }, async () => {
    const theirs = await verdictsOn(byProtocol);
    const own = await verdictsOn(ours);
    const differing = [...own].flatMap(([id, { verdict }]) => {
      const other = theirs.get(id);
      // A guest with one processor can say nothing of two.
      if (other?.reason === "takes 2 processors") return [];
      return other?.verdict === verdict ? [] : [`${id}: ${other?.verdict}, not ${verdict}: ${other?.reason}`];
    });
    expect(own.size).toBeGreaterThan(0);
    expect(differing).toEqual([]);
  });
});
