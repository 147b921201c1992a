/** What one guest is handed for a scenario. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { encodeMessage } from "./message.ts";

/** The requests to one guest, from its start on, in the order in which it executes them. */
export class Requests {
  /** The message for the scenario that this guest executes next: where a saved case came from is not its business. */
  encode({ origin: _, ...scenario }: CompiledScenario): Buffer {
    return encodeMessage(Buffer.from(JSON.stringify(scenario)));
  }

  /** Has to be called where the guest did not execute all that was encoded for it. */
  forget(): void {}
}
