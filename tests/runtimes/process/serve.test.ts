import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { casesFor } from "../../../conformance/cases.ts";
import { openEmulator } from "../../../harness/emulator/index.ts";
import { requestLine } from "../../../harness/process/request-line.ts";
import { ProtocolMismatch, serve } from "../../../harness/process/serve.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";

const GREETING = '{"protocol":1,"name":"test","version":"0"}';

/** What is answered to these lines, the hello first. */
async function answersTo(lines: readonly string[]): Promise<unknown[]> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(lines.map((line) => `${line}\n`).join(""));
  await serve(openEmulator("emulator:6.12"), "emulator:6.12", { input, output });
  output.end();
  const text = Buffer.concat(await output.toArray()).toString();
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const cases = (await loadCatalogue()).flatMap((guarantee) => casesFor(guarantee, 3, 2)).map(({ compiled }) => compiled);

describe("the emulator behind the protocol", () => {
  test("says what it is", async () => {
    expect(await answersTo([GREETING])).toEqual([
      expect.objectContaining({ protocol: 1, name: "emulator:6.12", linux: "6.12", executes: true, verifies: true }),
    ]);
  });

  test("answers as it does without it, a shape that it knows as one that it does not, in any order of members", async () => {
    const twice = [...cases, ...cases];
    const lines = twice.map((scenario, id) => requestLine(id, scenario));
    const shuffled = cases.map(({ steps, parameters, ...shape }) =>
      JSON.stringify({ scenario: { steps, ...shape, parameters }, id: 1 }),
    );
    const [, ...answers] = await answersTo([GREETING, ...lines, ...shuffled]);
    const outcomes = await openEmulator("emulator:6.12").run(cases);
    const traces = outcomes.map((outcome) => (outcome.kind === "trace" ? outcome.trace : undefined));
    expect(traces).not.toContain(undefined);
    expect(answers).toEqual([
      ...[...traces, ...traces].map((trace, id) => ({ id, trace })),
      ...traces.map((trace) => ({ id: 1, trace })),
    ]);
  });

  test("answers a case that it cannot read with what is wrong in it", async () => {
    const [scenario] = cases;
    const answers = await answersTo([
      GREETING,
      '{"id":5,"scenario":{}}',
      JSON.stringify({ id: 6, scenario: { ...scenario, version: 9 } }),
    ]);
    expect(answers[1]).toEqual({ id: 5, error: expect.stringMatching(/^malformed request: scenario\.\w+: /) });
    expect(answers[2]).toEqual({ id: 6, error: expect.stringMatching(/scenario\.version/) });
  });

  test.each([
    ["another version", ['{"protocol":2,"name":"test","version":"0"}'], /speaks protocol 2, this is 1/],
    ["no greeting", ["hello"], /protocol none/],
    ["no request", [GREETING, "nonsense"], /no request/],
  ])("ends where the other side says %s", async (_, lines, message) => {
    await expect(answersTo(lines)).rejects.toThrow(ProtocolMismatch);
    await expect(answersTo(lines)).rejects.toThrow(message);
  });
});
