/** The programs of a history written as text: put together from what their loads spell out and what their runs show. */
import { isDeepStrictEqual } from "node:util";
import type { ProgramType } from "../../../../../scenario/program-types.ts";
import type { Callback, Operation, ProgramSpec } from "../../../../../scenario/scenario.ts";
import { failAt, type Line } from "./lines.ts";

interface Program {
  type: ProgramType;
  operations: Operation[];
  callbacks: Callback[];
}

/** SCHED_CLS, whose test run lets no timer fire under it. */
const USUAL_TYPE: ProgramType = "sched-cls";

export class Functions {
  readonly #programs: Program[] = [];

  #program(index: number): Program {
    while (this.#programs.length <= index) this.#programs.push({ type: USUAL_TYPE, operations: [], callbacks: [] });
    return this.#programs[index] as Program;
  }

  #function(program: number, callback: number | null): { operations: Operation[] } {
    const { callbacks } = this.#program(program);
    if (callback === null) return this.#program(program);
    while (callbacks.length <= callback) callbacks.push({ operations: [], returns: 0 });
    return callbacks[callback] as Program["callbacks"][number];
  }

  setType(program: number, type: ProgramType | undefined): void {
    this.#program(program).type = type ?? this.#program(program).type;
  }

  setReturns(program: number, callback: number, returns: Omit<Callback, "operations">): void {
    Object.assign(this.#function(program, callback), returns);
  }

  /**
   * Operation `at` of a function was seen: the function has it from now on.
   * @throws {HistoryTextError} where it has another there
   */
  see(line: Line, program: number, callback: number | null, at: number, operation: Operation): void {
    const { operations } = this.#function(program, callback);
    if (operation.kind === "timer-set-callback") this.#function(program, operation.callback);
    const there = operations[at];
    if (there === undefined) operations.push(operation);
    else if (!isDeepStrictEqual(there, operation)) {
      const name = callback === null ? `p${program}` : `p${program}.cb${callback}`;
      throw failAt(line, `operation ${at} of ${name} was another before: ${JSON.stringify(there)}`);
    }
  }

  /** Every program, as a scenario holds them. */
  specs(): ProgramSpec[] {
    return this.#programs;
  }
}
