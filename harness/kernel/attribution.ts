/**
 * Which cases it takes to see a complaint of the kernel again: what shows in one case may be the doing of others that
 * its guest had executed before.
 *
 * For who runs the guests: of each outcome that `isTroubled`, keep which cases its guest had executed since its start,
 * that one last. When all have run, hand these, in the order of the run, to `attributeFirsts` with a function that
 * executes cases in one guest that was just started, and take the outcomes that it gives in their place. A guest in
 * trouble is to be replaced before its next batch: many of the kernel's checks complain once and are then silent, and
 * what has gone wrong in it proves nothing about the cases to come.
 */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { complaintKind, complaintsOf, sameComplaint } from "../complaints.ts";
import type { Attribution, Outcome } from "../harness.ts";

export interface Troubled {
  outcome: Outcome;
  /** All that its guest had executed since its start, in order; the last one is the case in trouble. */
  executed: readonly CompiledScenario[];
}

/** Executes cases in one fresh guest. What comes behind a case that ended the guest does not count, and may be missing. */
export type RunFresh = (cases: readonly CompiledScenario[]) => Promise<readonly Outcome[]>;

/** How often cases are run again for one complaint: less often where each time may have to be waited out. */
const TRIES_MAX: Record<Outcome["kind"], number> = { trace: 40, died: 20, error: 0 };

/** Whether the trouble shows when these have run first. Once the tries are used up, it is not seen any more. */
type ShowsAfter = (before: readonly CompiledScenario[]) => Promise<boolean>;

/** The latest start from which on `cases` suffice; from 0 on they do. */
async function latestStart(count: number, suffices: (start: number) => Promise<boolean>): Promise<number> {
  let good = 0;
  let bad = count;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (await suffices(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/**
 * The fewest of `before` after which the trouble shows, given that it does after all of them and does not after none.
 * They are found one by one from the first on, each by halving what may be left out in front of it.
 */
async function fewest(before: readonly CompiledScenario[], showsAfter: ShowsAfter): Promise<CompiledScenario[]> {
  const needed: CompiledScenario[] = [];
  let rest = before;
  do {
    const start = await latestStart(rest.length, (from) => showsAfter([...needed, ...rest.slice(from)]));
    needed.push(...rest.slice(start, start + 1));
    rest = rest.slice(start + 1);
  } while (rest.length > 0 && !(await showsAfter(needed)));
  return needed;
}

/** The smallest set of cases that shows the trouble again; undefined where the outcome has none. */
export async function attribute({ outcome, executed }: Troubled, runFresh: RunFresh): Promise<Attribution | undefined> {
  const [complaint] = complaintsOf(outcome);
  const troubled = executed.at(-1);
  if (complaint === undefined || troubled === undefined) return undefined;
  let triesLeft = TRIES_MAX[outcome.kind];
  const showsAfter: ShowsAfter = async (before) => {
    if (triesLeft-- <= 0) return false;
    const outcomes = await runFresh([...before, troubled]);
    const last = outcomes[before.length];
    const isReached = outcomes.slice(0, before.length).every(({ kind }) => kind !== "died");
    return isReached && last !== undefined && complaintsOf(last).some((other) => sameComplaint(complaint, other));
  };
  if (await showsAfter([])) return { after: [], repeats: true };
  const before = executed.slice(0, -1);
  if (before.length === 0 || !(await showsAfter(before))) return { after: [], repeats: false };
  return { after: await fewest(before, showsAfter), repeats: true };
}

/**
 * The outcomes of these cases, the first with each complaint with its attribution: where a kernel complains in every
 * case, the others would only say so again, at the price of a guest each.
 */
export async function attributeFirsts(troubles: readonly Troubled[], runFresh: RunFresh): Promise<Outcome[]> {
  const known = new Set<string>();
  const outcomes: Outcome[] = [];
  for (const troubled of troubles) {
    const { outcome } = troubled;
    const kind = complaintKind(complaintsOf(outcome)[0] ?? "");
    const attribution = known.has(kind) ? undefined : await attribute(troubled, runFresh);
    known.add(kind);
    outcomes.push(outcome.kind === "error" || attribution === undefined ? outcome : { ...outcome, attribution });
  }
  return outcomes;
}
