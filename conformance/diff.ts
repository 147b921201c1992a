/** A differential run: random scenarios on two runtimes, and the first difference, shrunk. */
import fc from "fast-check";
import { CELL_NS } from "../generators/program.ts";
import { anyScenario } from "../generators/scenario.ts";
import { isTroubled } from "../harness/complaints.ts";
import type { Harness, Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { type Planner, plannerFor } from "./askable.ts";
import { type Case, seedFor, toCase } from "./cases.ts";
import { compareTraces, type Difference } from "./compare-traces.ts";
import type { Counterexample } from "./counterexample.ts";
import type { Court } from "./examine.ts";
import type { Expectation } from "./expectations.ts";
import { attributionOf, inTurn, isAlone } from "./health.ts";
import { judgeCase } from "./judge-case.ts";
import { Jury } from "./jury.ts";
import { openDisposable } from "./run.ts";
import { checkRuntimeNames, type OpenOptions } from "./runtime.ts";
import { inBatches } from "./scheduling/in-batches.ts";
import { Shown } from "./shown.ts";
import { shrink } from "./shrink.ts";
import { Tally } from "./tally.ts";

export interface DiffOptions extends OpenOptions {
  left: string;
  right: string;
  cases: number;
  seed: number;
  expectations?: readonly Expectation[];
}

export interface FoundDifference {
  difference: Difference;
  compiled: CompiledScenario;
  outcomes: readonly [Outcome, Outcome];
  /** Whether it was seen again when the case was run again. */
  repeats: boolean;
}

export interface DiffResult {
  /** Cases drawn, up to and with the first that differs. */
  cases: number;
  /** Those of them that were not compared: they take what one of the two does not have. */
  unasked: number;
  versions: readonly [string, string];
  found?: FoundDifference;
  /** The smallest case of each guarantee that one of the runtimes broke. */
  violations: readonly Counterexample[];
}

/** How outcomes differ: in their traces, or in that one has none. */
export function compareOutcomes(left: Outcome, right: Outcome): Difference | undefined {
  if (left.kind === "trace" && right.kind === "trace") return compareTraces(left.trace, right.trace, CELL_NS / 8);
  const describe = (outcome: Outcome): string => (outcome.kind === "trace" ? "a trace" : outcome.reason);
  return { at: 0, what: "outcome", left: describe(left), right: describe(right) };
}

interface Compared {
  item: Case;
  outcomes: readonly [Outcome, Outcome];
  difference: Difference | undefined;
}

/** The two, and who tells what those of them that do not have everything can be asked. */
interface Pair {
  harnesses: readonly [Harness, Harness];
  planners: readonly Planner[];
}

/** What both make of each case; undefined where one of them cannot be asked. */
async function runBoth({ harnesses, planners }: Pair, cases: readonly Case[]): Promise<(Compared | undefined)[]> {
  const answers = await Promise.all(planners.map((planner) => planner.askable(cases)));
  const asked = cases.filter((_, at) => answers.every((isAskable) => isAskable[at] === true));
  const compiled = asked.map((item) => item.compiled);
  const [left, right] = await Promise.all(harnesses.map((harness) => harness.run(compiled)));
  const compared = asked.map((item, index): [Case, Compared] => {
    const missing: Outcome = { kind: "error", reason: "the harness gave no outcome for this case" };
    const outcomes = [left?.[index] ?? missing, right?.[index] ?? missing] as const;
    return [item, { item, outcomes, difference: compareOutcomes(...outcomes) }];
  });
  const byCase = new Map(compared);
  return cases.map((item) => byCase.get(item));
}

const differs = (compared: Compared | undefined): boolean => compared?.difference !== undefined;

interface Differing extends Compared {
  difference: Difference;
}

/** Whether they differ in a way that is the doing of this case alone. */
const differsAlone = (compared: Compared | undefined): boolean =>
  differs(compared) && compared?.outcomes.every(isAlone) === true;

/**
 * The difference as it is shown: the smallest case that still differs, or the first again where it did not differ twice.
 * A complaint that takes other cases before it is not shrunk, since what is made of the case then depends on them too.
 */
async function examine(pair: Pair, first: Differing, options: DiffOptions): Promise<FoundDifference> {
  if (!differsAlone(first)) {
    const repeats = first.outcomes.every((outcome) => attributionOf(outcome)?.repeats !== false);
    return foundDifference(first, repeats, options);
  }
  const shows = async (batch: Scenario[]) => (await runBoth(pair, batch.map(toCase))).map(differsAlone);
  const isTrouble = first.outcomes.some(isTroubled);
  const smallest = await shrink(first.item.scenario, isTrouble ? inTurn(shows) : shows, options.signal);
  const [again] = await runBoth(pair, [toCase(smallest)]);
  return again?.difference !== undefined && differsAlone(again)
    ? foundDifference({ ...again, difference: again.difference }, true, options)
    : foundDifference(first, false, options);
}

function foundDifference(
  { item, outcomes, difference }: Differing,
  repeats: boolean,
  { left, right, seed }: DiffOptions,
): FoundDifference {
  const { left: expected, right: observed } = difference;
  const after = outcomes.flatMap((outcome) => attributionOf(outcome)?.after ?? []);
  const seen = { expected, observed, ...(after.length === 0 ? {} : { after }) };
  const origin = { scenario: item.scenario, runtimes: [left, right], seed, ...seen };
  return { difference, compiled: { ...item.compiled, origin }, outcomes, repeats };
}

/** One of the two runtimes, with all guarantees as the judges of its traces. */
class Side {
  readonly #court: Court;
  readonly #tally: Tally;

  constructor(harness: Harness, catalogue: readonly Guarantee[], { seed, signal, expectations = [] }: DiffOptions) {
    const expected = expectations.filter((each) => each.isFor(harness.name));
    const jury = new Jury(catalogue, harness, expected);
    this.#court = { harness, jury, expectations: expected, seed, signal, planner: plannerFor(harness) };
    this.#tally = new Tally(jury);
  }

  judge(item: Case, outcome: Outcome): void {
    const judged = judgeCase(this.#court.jury, item, outcome, this.#court.expectations);
    // Whoever has no trace to judge shows so as a difference.
    if (judged.trouble === undefined) this.#tally.add("diff", judged);
  }

  /** What breaks a guarantee, each guarantee once, as small as it gets. */
  async violations(): Promise<Counterexample[]> {
    const found: Counterexample[] = [];
    const keep = async (counterexample: Counterexample): Promise<undefined> => {
      found.push(counterexample);
    };
    await new Shown(this.#court, keep).look(this.#tally);
    return found;
  }
}

/**
 * Runs random scenarios on both runtimes until the first that differs; all guarantees judge every trace.
 * @throws {UnknownRuntime | RuntimeUnavailable} where a runtime cannot be run
 * @throws {DOMException} AbortError where `signal` is raised
 */
export async function runDiff(options: DiffOptions): Promise<DiffResult> {
  const { seed, signal, progress } = options;
  checkRuntimeNames([options.left, options.right]);
  const catalogue = await loadCatalogue();
  await using left = await openDisposable(options.left, options);
  await using right = await openDisposable(options.right, options);
  const harnesses = [left, right] as const;
  const pair: Pair = { harnesses, planners: harnesses.flatMap((harness) => plannerFor(harness) ?? []) };
  const sides = harnesses.map((harness) => new Side(harness, catalogue, options));
  const versions = [left.version, right.version] as const;
  const scenarios = fc.sample(anyScenario, { seed: seedFor(seed, "diff"), numRuns: options.cases });
  const comparing = inBatches(scenarios, (batch) => runBoth(pair, batch.map(toCase)), signal);
  const violations = async () => (await Promise.all(sides.map((side) => side.violations()))).flat();
  let cases = 0;
  let unasked = 0;
  for await (const batch of comparing) {
    for (const compared of batch)
      for (const [index, side] of sides.entries())
        if (compared !== undefined) side.judge(compared.item, compared.outcomes[index] as Outcome);
    const index = batch.findIndex(differs);
    const seen = index < 0 ? batch : batch.slice(0, index + 1);
    cases += seen.length;
    unasked += seen.filter((compared) => compared === undefined).length;
    const first = batch[index];
    if (first?.difference !== undefined) {
      progress(`case ${cases} of ${options.cases} differs; shrinking it`);
      const found = await examine(pair, { ...first, difference: first.difference }, options);
      return { cases, unasked, versions, found, violations: await violations() };
    }
    progress(`${cases - unasked} of ${options.cases} cases agree`);
  }
  return { cases, unasked, versions, violations: await violations() };
}
