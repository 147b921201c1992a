/** Vectors put to runtimes: who confirms them, and who differs in what. */
import type { Harness } from "../../harness/harness.ts";
import { differenceFrom, expectedOf, UNMET, unaskable } from "./fits.ts";
import type { Vector } from "./format.ts";

/** On a clock that passes by itself a vector is tried again: a machine can be late for once. */
const TRIES = 3;

export type Confirmation =
  | { kind: "confirmed" }
  | { kind: "not-asked"; reason: string }
  | { kind: "differs"; difference: string };

async function askOnce(vectors: readonly Vector[], harness: Harness): Promise<Confirmation[]> {
  const reasons = vectors.map((vector) => unaskable(vector, harness));
  const asked = vectors.filter((_, at) => reasons[at] === undefined);
  const outcomes = await harness.run(asked.map(({ scenario }) => scenario));
  return vectors.map((vector, at): Confirmation => {
    const reason = reasons[at];
    if (reason !== undefined) return { kind: "not-asked", reason };
    const outcome = outcomes[asked.indexOf(vector)];
    if (outcome?.kind !== "trace") return { kind: "differs", difference: outcome?.reason ?? "no outcome" };
    const difference = differenceFrom(expectedOf(vector, harness.linux), outcome.trace);
    if (difference === UNMET) return { kind: "not-asked", reason: UNMET };
    return difference === undefined ? { kind: "confirmed" } : { kind: "differs", difference };
  });
}

/** What a runtime says of each vector. */
export async function confirm(vectors: readonly Vector[], harness: Harness): Promise<Confirmation[]> {
  const confirmations = await askOnce(vectors, harness);
  for (let tries = 1; tries < TRIES && harness.clock.kind === "real"; tries++) {
    const again = vectors.filter((_, at) => confirmations[at]?.kind === "differs");
    if (again.length === 0) break;
    const answers = await askOnce(again, harness);
    for (const [at, vector] of again.entries()) confirmations[vectors.indexOf(vector)] = answers[at] as Confirmation;
  }
  return confirmations;
}
