/** A true trace beside its case: what each observation in it is, and which recorded divergences it shows. */
import type { Harness } from "../../harness/harness.ts";
import { type HistoryEvent, readHistory } from "../../scenario/history.ts";
import type { Trace } from "../../scenario/trace.ts";
import { Reading } from "../../specs/checks/reading.ts";
import type { Divergence } from "../../specs/divergences.ts";
import type { Observation } from "../../specs/unpromised.ts";
import type { Case } from "../cases.ts";
import type { Jury } from "../jury.ts";
import type { Corruption } from "./corruptions.ts";

/** A true trace, and what was observed in it. */
export class Truth {
  readonly reading: Reading;
  readonly #harness: Harness;
  /** The events that recorded divergences explain. */
  readonly #divergent: ReadonlyMap<HistoryEvent | undefined, Divergence>;
  /** The recorded divergences that show. */
  readonly divergences: ReadonlySet<Divergence>;

  /** @throws {ScenarioError} where the trace and the case do not belong together */
  constructor(jury: Jury, item: Case, trace: Trace, harness: Harness) {
    this.reading = new Reading(readHistory(item.scenario, item.compiled, trace));
    this.#harness = harness;
    const divergent = new Map<HistoryEvent | undefined, Divergence>();
    const shown = new Set<Divergence>();
    for (const { divergences, clause } of jury.jurors) {
      if (divergences.length === 0) continue;
      for (const violation of clause.check(this.reading, harness.clock).violations) {
        const divergence = divergences.find((each) => each.shows(violation, this.reading, harness.clock));
        if (divergence === undefined) continue;
        divergent.set(violation.event, divergence);
        shown.add(divergence);
      }
    }
    this.#divergent = divergent;
    this.divergences = shown;
  }

  /** The recorded divergence that explains an event. */
  divergenceOf(event: HistoryEvent | undefined): Divergence | undefined {
    return this.#divergent.get(event);
  }

  /** The event of a step's end. */
  stepAt(at: number): HistoryEvent | undefined {
    return this.reading.events.find((event) => event.kind === "step" && event.at === at);
  }

  /** What was observed where something else is said to have been. */
  observation({
    at,
    place,
    ...corruption
  }: Pick<Observation, "kind"> & Omit<Corruption, "trace" | "kind">): Observation {
    const [step, ...records] = this.reading.events.filter((event) => event.at === at);
    const event = place === undefined ? step : records[place];
    const next = place === undefined ? undefined : records[place + 1];
    const isDivergence = this.#divergent.has(event);
    const { linux, clock } = this.#harness;
    return { ...corruption, reading: this.reading, event, next, isDivergence, linux, clock };
  }
}
