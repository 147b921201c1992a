/**
 * The numbers of a scenario's programs that are data to them: keys, times, flags and payloads. They lie in the log map
 * and not in the instructions, so that scenarios which differ in nothing else have the same bytecode, and a kernel has
 * to verify it once.
 */
import { LOG_PARAMETERS_OFFSET, PARAMETER_BYTES, PARAMETERS_MAX } from "./log-map.ts";
import type { U64 } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

export class Parameters {
  readonly #values: bigint[] = [];

  /**
   * Adds a number; gives the offset in the log map's value at which programs find it. Equal numbers are not shared:
   * which numbers are equal must not change the bytecode.
   * @throws {ScenarioError} where there is no room for more
   */
  add(value: U64): number {
    if (this.#values.length === PARAMETERS_MAX)
      throw new ScenarioError(`the programs hold more than ${PARAMETERS_MAX} numbers`);
    return LOG_PARAMETERS_OFFSET + (this.#values.push(BigInt(value)) - 1) * PARAMETER_BYTES;
  }

  /** All numbers, 64 little-endian bits each, as hexadecimal text. */
  encode(): string {
    return Buffer.from(BigUint64Array.from(this.#values).buffer).toString("hex");
  }
}
