/**
 * A verifier as a runtime: a command that is given an object with one program, and says by its exit status whether it
 * would load it.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ERRNO } from "../../bpf/errno.ts";
import { program, scenario } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario, CompiledStep } from "../../scenario/compiled-scenario.ts";
import { objectOf } from "../../scenario/object/object.ts";
import { ScenarioError } from "../../scenario/scenario-error.ts";
import { type StepResult, TRACE_FORMAT, TRACE_VERSION } from "../../scenario/trace.ts";
import type { Features } from "../features.ts";
import { type Clock, type Harness, type Outcome, RuntimeUnavailable } from "../harness.ts";
import { type Ended, runCommand } from "./command.ts";
import { Turns } from "./turns.ts";

/** What a command has for one object. */
const LIMIT_MS = 10_000;

/** A program that does nothing: whatever is said of it, the command can be run. */
const NOTHING = compile(scenario([], [program([])], []));

/** Why there is no trace. */
class NoTrace extends Error {
  override readonly name = "NoTrace";
}

export class VerifyHarness implements Harness {
  readonly name: string;
  readonly linux = undefined;
  readonly clock: Clock = { kind: "virtual", latenessNs: 0 };
  readonly processors = 1;
  readonly features: Features = { executes: false, verifies: true };
  /** With `{elf}` where the object's path goes. */
  readonly #command: string;
  readonly #limitMs: number;
  readonly #turns = new Turns(availableParallelism());
  readonly #closing = new AbortController();
  #folder = "";
  #files = 0;

  constructor(name: string, command: string, limitMs = LIMIT_MS) {
    this.name = name;
    this.#command = command;
    this.#limitMs = limitMs;
  }

  /** What is known of it. */
  get version(): string {
    return this.#command;
  }

  /**
   * Makes sure that the command can be run.
   * @throws {RuntimeUnavailable} where it cannot
   */
  async open(): Promise<this> {
    this.#folder = await mkdtemp(join(tmpdir(), "timerconf-verify-"));
    const ended = await this.#verify(objectOf(NOTHING));
    if (ended.kind !== "not-run") return this;
    await this.close();
    throw new RuntimeUnavailable(`${this.name} does not run here: ${ended.reason.replaceAll(/\s*\n\s*/g, " ")}`);
  }

  async run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    return Promise.all(scenarios.map((each) => this.#turns.take(() => this.#runOne(each))));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turns.idle();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #runOne(compiled: CompiledScenario): Promise<Outcome> {
    const steps: StepResult[] = [];
    try {
      for (const [at, step] of compiled.steps.entries())
        steps.push({ ...(await this.#step(compiled, step)), timeNs: at, records: [] });
    } catch (error) {
      if (error instanceof NoTrace || error instanceof ScenarioError) return { kind: "error", reason: error.message };
      throw error;
    }
    return {
      kind: "trace",
      trace: { format: TRACE_FORMAT, version: TRACE_VERSION, steps, droppedRecords: 0, complaints: [] },
    };
  }

  async #step(compiled: CompiledScenario, step: CompiledStep): Promise<Pick<StepResult, "result" | "message">> {
    if (step.kind === "create-map") return { result: 0 };
    if (step.kind !== "load-program") throw new NoTrace(`it executes nothing, and the case has a step ${step.kind}`);
    const ended = await this.#verify(objectOf(compiled, step.program));
    if (ended.kind !== "exited")
      throw new NoTrace(`the command says nothing of program ${step.program}: ${ended.reason}`);
    return ended.status === 0 ? { result: 0 } : { result: -ERRNO.EINVAL, message: ended.output };
  }

  /** Runs the command on an object, of which nothing is left afterwards. */
  async #verify(object: Uint8Array): Promise<Ended> {
    const path = join(this.#folder, `${++this.#files}.o`);
    await writeFile(path, object);
    try {
      const quoted = `'${path.replaceAll("'", "'\\''")}'`;
      return await runCommand(
        this.#command.replaceAll("{elf}", () => quoted),
        this.#limitMs,
        this.#closing.signal,
      );
    } finally {
      await rm(path, { force: true });
    }
  }
}
