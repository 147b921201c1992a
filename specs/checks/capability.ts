/** Whether the process that acts has CAP_BPF. */
import type { StepEvent } from "../../scenario/history.ts";
import type { Reading } from "./reading.ts";

/** Whether it had the capability when it took a step: it has until it gives it up, and the next process has it again. */
export function isCapable(reading: Reading, { at }: StepEvent): boolean {
  const drops = reading.steps("drop-capability");
  if (drops.length === 0) return true;
  const dropped = drops.findLast(({ event }) => event.at < at && event.outcome.result === 0);
  if (dropped === undefined) return true;
  return reading.steps("exit-process").some(({ event }) => event.at > dropped.event.at && event.at < at);
}
