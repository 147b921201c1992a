/** The verdicts of several runs put together: one column for each runtime that ran. */
import { type GuaranteeResult, isVerdict, type Results, type Verdict } from "../conformance/results.ts";
import { VERDICTS } from "../conformance/verdicts.ts";

/** A runtime that was run, with every seed it was run with. */
export interface SpecRuntime {
  name: string;
  version: string;
  seeds: number[];
}

/** What all runs on one runtime say of one guarantee. */
export interface SpecVerdict {
  runtime: string;
  version: string;
  verdict: Verdict;
  cases: number;
  exercised: number;
  /** Traces it has judged, its own cases among them. */
  traces: number;
  /** Of several clauses those that the verdict comes from. */
  clauses: string[];
  reason?: string;
}

/** Of several runs the worst verdict counts. */
const worse = (one: GuaranteeResult, other: GuaranteeResult): GuaranteeResult =>
  VERDICTS.indexOf(other.verdict) < VERDICTS.indexOf(one.verdict) ? other : one;

/** The runtimes that ran in any of the runs, in the order in which they first appear. */
export function specRuntimes(reports: readonly Results[]): SpecRuntime[] {
  const runtimes: SpecRuntime[] = [];
  for (const { seed, runtimes: ran } of reports)
    for (const { name, version, status } of ran) {
      if (status === "unavailable") continue;
      const known = runtimes.find((runtime) => runtime.name === name && runtime.version === version);
      if (known === undefined) runtimes.push({ name, version, seeds: [seed] });
      else known.seeds = [...new Set([...known.seeds, seed])];
    }
  return runtimes;
}

/** What the runs on each runtime say of a guarantee; nothing of a runtime that did not come to it. */
export function specVerdicts(
  guarantee: string,
  runtimes: readonly SpecRuntime[],
  reports: readonly Results[],
): SpecVerdict[] {
  return runtimes.flatMap(({ name, version }): SpecVerdict[] => {
    const results = reports
      .filter((report) => report.runtimes.some((ran) => ran.name === name && ran.version === version))
      .flatMap((report) =>
        report.results.filter((one) => one.guarantee === guarantee && one.runtime === name && isVerdict(one)),
      );
    const [first, ...others] = results;
    if (first === undefined) return [];
    const worst = others.reduce(worse, first);
    const { verdict, reason } = worst;
    const broken = worst.clauses.length < 2 ? [] : worst.clauses.filter((clause) => clause.verdict === verdict);
    const sum = (field: "cases" | "exercised" | "traces"): number =>
      results.reduce((total, one) => total + one[field], 0);
    return [
      {
        runtime: name,
        version,
        verdict,
        cases: sum("cases"),
        exercised: sum("exercised"),
        traces: sum("traces"),
        clauses: verdict === "holds" ? [] : broken.map(({ name }) => name),
        ...(reason === undefined ? {} : { reason }),
      },
    ];
  });
}
