/**
 * A runtime in a process of its own. Whatever it does, each case has an outcome: what it gets wrong is an error of the
 * case it was asked for, it is started anew, and the others go on.
 */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { type KernelRelease, parseRelease } from "../../scenario/release.ts";
import type { Features } from "../features.ts";
import { type Clock, type Harness, type Outcome, RuntimeUnavailable } from "../harness.ts";
import { latenessBoundNs, latenessScenarios, worstLatenessNs } from "../lateness.ts";
import { Child } from "./child.ts";
import { Batch, type Job, resolve, type Suspects } from "./job.ts";
import { type Hello, helloSchema, PROTOCOL_VERSION } from "./protocol.ts";
import { NoAnswer, outcomeOf, readAnswer, readJson } from "./read-answer.ts";
import { requestLine } from "./request-line.ts";

/** What is written ahead to a runtime with a clock of its own: it finds its next case when it has done one. */
const AHEAD = 16;
/** So often in a row it may fail before it is given up. */
const FAILURES_MAX = 10;

/** So many answers are remembered, to know one that comes twice. */
const ANSWERED_MAX = 1024;

const MS_NS = 1_000_000;

export interface Limits {
  /** What a case may take besides the time that it lets pass. */
  caseMs: number;
  helloMs: number;
}

const LIMITS: Limits = { caseMs: 10_000, helloMs: 60_000 };

/** Who asks, as it is said to the runtime. */
export interface Greeting {
  name: string;
  version: string;
}

const totalMs = ({ steps }: CompiledScenario): number =>
  steps.reduce((sum, step) => sum + (step.kind === "advance" ? step.ns / MS_NS : 0), 0);

export class ProcessHarness implements Harness {
  readonly name: string;
  readonly #command: string;
  readonly #greeting: Greeting;
  readonly #limits: Limits;
  #hello: Hello | undefined;
  #child: Child | undefined;
  #isReady = false;
  #measuredNs = 0;
  readonly #queue: Job[] = [];
  readonly #suspects: Job[] = [];
  readonly #inFlight = new Map<number, Job>();
  /** What this process has answered, as long as an answer can still be taken back. */
  readonly #answered = new Map<number, Job>();
  #asked = 0;
  #failures = 0;
  /** What went wrong while nothing was asked: the next case shows it. */
  #trouble: string | undefined;
  #gaveUp: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #started: ((reason?: string) => void) | undefined;

  constructor(name: string, command: string, greeting: Greeting, limits = LIMITS) {
    this.name = name;
    this.#command = command;
    this.#greeting = greeting;
    this.#limits = limits;
  }

  /**
   * Starts it, and learns what it is.
   * @throws {RuntimeUnavailable} where it says no hello that is understood
   */
  async open(): Promise<this> {
    const reason = await new Promise<string | undefined>((resolve) => {
      this.#started = resolve;
      this.#start();
    });
    this.#started = undefined;
    if (reason === undefined) {
      await this.#measure();
      return this;
    }
    await this.close();
    throw new RuntimeUnavailable(`${this.name} does not run here: ${reason}; docs/PROTOCOL.md says what it has to do`);
  }

  /** Where time is real, how late it is here decides what can be said to be late. */
  async #measure(): Promise<void> {
    const { kind } = this.#what.clock;
    if (kind === "virtual") return;
    const scenarios = latenessScenarios(this.processors);
    const worstNs = await worstLatenessNs(scenarios, (cases) => this.run(cases));
    this.#measuredNs = latenessBoundNs(kind, worstNs);
  }

  get #what(): Hello {
    if (this.#hello === undefined) throw new Error("a runtime is asked what it is before it was started");
    return this.#hello;
  }

  get version(): string {
    return `${this.#what.name} ${this.#what.version}`;
  }

  get linux(): KernelRelease | undefined {
    const { linux } = this.#what;
    return linux === undefined ? undefined : parseRelease(linux);
  }

  get clock(): Clock {
    const { kind, latenessNs } = this.#what.clock;
    return { kind, latenessNs: Math.max(latenessNs, this.#measuredNs) };
  }

  get processors(): number {
    return this.#what.processors;
  }

  get features(): Features {
    return this.#what;
  }

  run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    const batch = new Batch(scenarios.length);
    for (const [place, scenario] of scenarios.entries())
      this.#queue.push({ id: this.#asked++, scenario, batch, place });
    this.#pump();
    return batch.outcomes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const job of [...this.#inFlight.values(), ...this.#suspects, ...this.#queue])
      resolve(job, { kind: "error", reason: "the runtime was closed" });
    await this.#child?.close();
    this.#child = undefined;
  }

  #start(): void {
    this.#isReady = false;
    const child: Child = new Child(this.#command, {
      line: (text) => {
        if (child === this.#child) this.#line(text);
      },
      ended: (reason, isOrderly) => {
        if (child === this.#child) this.#fail(reason, isOrderly);
      },
    });
    this.#child = child;
    child.write(JSON.stringify({ protocol: PROTOCOL_VERSION, ...this.#greeting }));
    this.#watch(this.#limits.helloMs, "no hello");
  }

  /** Fails what is in flight unless something comes within that time. */
  #watch(limitMs: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(`${what} within ${Math.round(limitMs / 100) / 10} s`), limitMs);
  }

  #watchCases(): void {
    clearTimeout(this.#timer);
    if (this.#inFlight.size === 0) return;
    const isReal = this.#what.clock.kind === "real";
    const waitsMs = isReal ? [...this.#inFlight.values()].map(({ scenario }) => totalMs(scenario)) : [0];
    this.#watch(this.#limits.caseMs + Math.max(...waitsMs), "no answer");
  }

  #pump(): void {
    if (this.#isClosed) return;
    if (this.#gaveUp !== undefined) {
      for (const job of [...this.#suspects.splice(0), ...this.#queue.splice(0)])
        resolve(job, { kind: "error", reason: this.#gaveUp });
      return;
    }
    if (this.#suspects.length + this.#queue.length === 0) return;
    if (this.#child === undefined) this.#start();
    if (!this.#isReady) return;
    if (this.#suspects.length > 0) {
      // One that is suspected is alone, so that it is known whose doing it is.
      const job = this.#inFlight.size === 0 ? this.#suspects.shift() : undefined;
      if (job !== undefined) this.#ask(job);
    } else {
      const { clock, parallel } = this.#what;
      const most = clock.kind === "virtual" ? Math.max(AHEAD, parallel) : parallel;
      while (this.#inFlight.size < most && !this.#isSuspicious()) {
        const job = this.#queue.shift();
        if (job === undefined) break;
        this.#ask(job);
      }
    }
    this.#watchCases();
  }

  #isSuspicious(): boolean {
    for (const { suspects } of this.#inFlight.values()) if (suspects !== undefined) return true;
    return false;
  }

  #ask(job: Job): void {
    this.#inFlight.set(job.id, job);
    this.#child?.write(requestLine(job.id, job.scenario));
  }

  #line(text: string): void {
    try {
      if (this.#isReady) this.#answer(text);
      else this.#greet(text);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.#fail(error.message);
    }
  }

  #greet(text: string): void {
    const value = readJson(text);
    const protocol = typeof value === "object" && value !== null && "protocol" in value ? value.protocol : undefined;
    if (protocol !== undefined && protocol !== PROTOCOL_VERSION)
      throw new NoAnswer(`it speaks version ${protocol} of the protocol, this is version ${PROTOCOL_VERSION}`);
    const hello = helloSchema.safeParse(value);
    if (!hello.success) {
      const [issue] = hello.error.issues;
      throw new NoAnswer(`its hello is none: ${issue?.path.join(".") || "line"}: ${issue?.message}`);
    }
    if (this.#hello !== undefined && JSON.stringify(this.#hello) !== JSON.stringify(hello.data))
      throw new NoAnswer("started anew it says another hello than before");
    this.#hello = hello.data;
    this.#isReady = true;
    clearTimeout(this.#timer);
    this.#started?.();
    this.#pump();
  }

  #answer(text: string): void {
    const { id, answer } = readAnswer(text);
    const job = this.#inFlight.get(id);
    if (job === undefined) {
      const answered = this.#answered.get(id);
      if (answered === undefined) throw new NoAnswer(`it answered case ${id}, which it was not asked`);
      this.#blame(answered, `it answered case ${id} twice`);
      return;
    }
    this.#inFlight.delete(id);
    this.#answered.set(id, job);
    if (this.#answered.size > ANSWERED_MAX) this.#answered.delete(this.#answered.keys().next().value ?? id);
    this.#failures = 0;
    this.#settle(job, outcomeOf(answer, job.scenario, this.#what));
    this.#pump();
  }

  /** Gives a case its outcome. Where several were suspected and none did it alone, the last of them has to tell. */
  #settle(job: Job, outcome: Outcome): void {
    const { suspects } = job;
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (suspects !== undefined) {
      suspects.left--;
      suspects.isFound ||= outcome.kind === "error";
      if (suspects.left === 0 && !suspects.isFound) {
        const reason = `${suspects.reason}; each of the ${suspects.count} cases that were in flight then did well alone`;
        resolve(job, { kind: "error", reason });
        return;
      }
    }
    if (trouble === undefined || outcome.kind === "error") resolve(job, outcome);
    else resolve(job, { kind: "error", reason: `before this case: ${trouble}` });
  }

  /** What a case that has its outcome did after that: the others in flight have no part in it, and are asked again. */
  #blame(job: Job, reason: string): void {
    this.#stop();
    this.#queue.unshift(...this.#inFlight.values());
    this.#inFlight.clear();
    this.#count(reason);
    if (job.batch.isOpen) resolve(job, { kind: "error", reason });
    else this.#trouble ??= reason;
    this.#pump();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#child?.kill();
    this.#child = undefined;
    this.#isReady = false;
    this.#answered.clear();
  }

  #count(reason: string): void {
    if (++this.#failures > FAILURES_MAX)
      this.#gaveUp = `given up after it had failed ${FAILURES_MAX} times in a row, the last time: ${reason}`;
  }

  /** What it did makes no sense, or it is gone: whoever may have made it do so is run again alone. */
  #fail(reason: string, isOrderly = false): void {
    const wasReady = this.#isReady;
    this.#stop();
    if (this.#hello === undefined) {
      this.#started?.(reason);
      return;
    }
    this.#count(reason);
    const jobs = [...this.#inFlight.values()];
    this.#inFlight.clear();
    const [only] = jobs;
    if (only !== undefined && jobs.length === 1) this.#settle(only, { kind: "error", reason });
    else if (jobs.length > 1) {
      const suspects: Suspects = { reason, count: jobs.length, left: jobs.length, isFound: false };
      this.#suspects.push(...jobs.map((job) => ({ ...job, suspects })));
    } else if (wasReady && !isOrderly) this.#trouble ??= reason;
    this.#pump();
  }
}
