/** One test for each guarantee, on a runtime of one's own. docs/LIBRARY.md says how it is used. */
import {
  casesFor,
  checkGuarantee,
  counterexampleText,
  loadCatalogue,
  openRuntime,
  statementOf,
} from "bpf-timer-conformance";
import { afterAll, expect, test } from "vitest";

const RUNTIME = process.env.TIMER_RUNTIME ?? "emulator:6.12";
const SEED = 1;
const CASES = 25;
const PASSES = ["holds", "known-divergence", "not-applicable"];

const harness = await openRuntime(RUNTIME, { progress: (line) => console.error(line) });
afterAll(() => harness.close());
const guarantees = (await loadCatalogue()).filter(({ id }) => id.startsWith("init."));

test.each(guarantees)("$id", async (guarantee) => {
  const cases = casesFor(guarantee, SEED, CASES);
  const { result, counterexample } = await checkGuarantee(guarantee, harness, { cases, seed: SEED });
  const seen = counterexample && counterexampleText(counterexample, { statement: statementOf(guarantee) });
  expect(PASSES, seen ?? result.reason).toContain(result.verdict);
});
