/**
 * The health of a kernel: what it complains of, what it leaves behind, and a death it complained of. Any of it violates
 * the guarantee whose case was running.
 */
import { complaintKind, complaintsOf } from "../harness/complaints.ts";
import type { Attribution, Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Violation } from "../specs/guarantee.ts";

/** After each case in trouble a guest is started anew, and once more to see whether that case suffices. */
const TRIES_MAX = 100;

/** What is wrong with the kernel, as a violation: at no step, as its log is read behind the last. */
export function healthViolation(outcome: Outcome, { steps }: CompiledScenario): Violation | undefined {
  const [first, ...others] = complaintsOf(outcome);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return {
    at: steps.length,
    expected: "no complaint of the kernel, and nothing left behind",
    observed: `${first}${more}`,
    subject: `complaint: ${complaintKind(first)}`,
  };
}

/** Which cases an outcome takes, where the runtime has looked into it. */
export const attributionOf = (outcome: Outcome): Attribution | undefined =>
  outcome.kind === "error" ? undefined : outcome.attribution;

/** Whether an outcome is the doing of its own case, for all that is known, and not of others before it. */
export function isAlone(outcome: Outcome): boolean {
  const attribution = attributionOf(outcome);
  return attribution === undefined || (attribution.repeats && attribution.after.length === 0);
}

/**
 * Tries candidates one by one up to the first that shows it, and a bounded number of them in all; behind that none
 * shows it. Of several at once each in trouble would cost a guest, and only the first would be attributed.
 */
export function inTurn(shows: (batch: Scenario[]) => Promise<boolean[]>): (batch: Scenario[]) => Promise<boolean[]> {
  let triesLeft = TRIES_MAX;
  return async (batch) => {
    const shown: boolean[] = [];
    for (const candidate of batch) {
      if (shown.at(-1) === true || triesLeft-- <= 0) break;
      shown.push(...(await shows([candidate])));
    }
    return shown;
  };
}
