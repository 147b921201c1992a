/**
 * What has to be observed in a case: what the emulator of a release observes, each observation loosened to what no
 * guarantee minds. A value is one that is compared where some guarantee objects to its being another.
 */
import { ERRNO } from "../../bpf/errno.ts";
import type { Harness } from "../../harness/harness.ts";
import { ENTRY_AUX } from "../../scenario/log-map.ts";
import type { Step } from "../../scenario/scenario.ts";
import type { StepResult, Trace } from "../../scenario/trace.ts";
import type { Guarantee } from "../../specs/guarantee.ts";
import type { Observation } from "../../specs/unpromised.ts";
import { Truth } from "../audit/truth.ts";
import type { Case } from "../cases.ts";
import { judgeCase, objectsTo } from "../judge-case.ts";
import { Jury } from "../jury.ts";
import type { Flags } from "./flags.ts";
import type { Allowed, Expected, ExpectedRecord, ExpectedStep } from "./format.ts";
import { notBeforeOf, predecessorsOf, recordsAt } from "./order.ts";

const { EPERM, ENOENT, E2BIG, EACCES, EBUSY, EEXIST, EINVAL, EDEADLK, EOPNOTSUPP } = ERRNO;
/** What may be observed instead: the results that helpers and system calls give. */
const OF_CALLS = [0, 1, -EPERM, -ENOENT, -EBUSY, -EINVAL, -EDEADLK, -EOPNOTSUPP];
const OF_STEPS = [0, -EPERM, -ENOENT, -E2BIG, -EACCES, -EEXIST, -EINVAL];

/** Hexadecimal digits that are compared or not as one: 4 bytes. */
const WORD = 8;

/** Steps after which nothing depends on what they gave. */
const LEAVES: ReadonlySet<string> = new Set(["find-program", "lookup", "delete"]);

const isRunLater = (program: number, steps: readonly Step[]): boolean =>
  steps.some((step) => step.kind !== "load-program" && "program" in step && step.program === program);

/** What is expected of a case, and whether what comes later hangs on something that may be more than one thing. */
export interface Expectations extends Pick<Expected, "flags" | "steps"> {
  isDetermined: boolean;
}

type Wrong = Pick<Observation, "kind" | "subject"> & { at: number; place?: number; was?: number };

/** What values are allowed, given those that are tried beside the one observed and those of them nobody minds. */
function allowed(was: number, tried: readonly number[], free: readonly number[]): Allowed {
  if (free.length === 0) return was;
  if (free.length === tried.length) return "any";
  const isNegative = (value: number): boolean => value < 0;
  if (was < 0 && free.every(isNegative) && free.length === tried.filter(isNegative).length) return "refused";
  return [was, ...free].sort((one, other) => one - other);
}

/** Whether a result may be both a success and a failure. */
function isMixed(result: Allowed): boolean {
  if (!Array.isArray(result)) return result === "any";
  return result.some((value) => value < 0) && result.some((value) => value >= 0);
}

/** Tries other observations on the guarantees. */
class Trial {
  readonly truth: Truth;
  isDetermined = true;
  readonly #item: Case;
  readonly #trace: Trace;
  readonly #jury: Jury;
  readonly #flags: Flags;

  constructor(item: Case, trace: Trace, { jury, harness, flags }: { jury: Jury; harness: Harness; flags: Flags }) {
    this.truth = new Truth(jury, item, trace, harness);
    this.#item = item;
    this.#trace = trace;
    this.#jury = jury;
    this.#flags = flags;
  }

  /** Whether nobody minds a trace that differs so. */
  isFree(change: (steps: StepResult[]) => void): boolean {
    const steps = this.#trace.steps.map((step) => ({
      ...step,
      records: step.records.map((record) => ({ ...record })),
    }));
    change(steps);
    return !objectsTo(judgeCase(this.#jury, this.#item, { kind: "trace", trace: { ...this.#trace, steps } }));
  }

  flagOf({ was, ...wrong }: Wrong, now?: number): string {
    const numbers = was === undefined || now === undefined ? {} : { was, now };
    const observation = this.truth.observation({ ...wrong, ...numbers });
    const divergence = this.truth.divergenceOf(observation.event);
    return divergence === undefined ? this.#flags.unpromised(observation) : this.#flags.divergence(divergence);
  }

  /** What a number may be, with the flag that says why where it may be several. */
  number(
    wrong: Wrong & { was: number },
    candidates: readonly number[],
    set: (steps: StepResult[], value: number) => void,
  ): { value: Allowed; flag?: string } {
    const tried = candidates.filter((value) => value !== wrong.was);
    const free = tried.filter((value) => this.isFree((steps) => set(steps, value)));
    const value = allowed(wrong.was, tried, free);
    return free.length === 0 ? { value } : { value, flag: this.flagOf(wrong, free[0]) };
  }
}

/** A pattern for the bytes that user space reads: digits that a guarantee speaks of, and dots. */
function bytesOf(text: string, at: number, processors: number, trial: Trial): string | undefined {
  const share = text.length / processors;
  const own = text.slice(0, share);
  const isRepeated = processors > 1 && text === own.repeat(processors);
  const compared = isRepeated ? own : text;
  let pattern = "";
  for (let place = 0; place < compared.length; place += WORD) {
    const word = compared.slice(place, place + WORD);
    const other = (Number.parseInt(word.slice(0, 2), 16) ^ 0x5a).toString(16).padStart(2, "0");
    const changed = text.slice(0, place) + other + text.slice(place + 2);
    const isFree = trial.isFree((steps) => {
      const step = steps[at];
      if (step !== undefined) step.value = changed;
    });
    pattern += isFree ? ".".repeat(word.length) : word;
  }
  if (/^\.*$/.test(pattern)) return undefined;
  return isRepeated ? `(${pattern})+` : pattern;
}

const recordOf = (steps: StepResult[], at: number, place: number) => {
  const record = steps[at]?.records[place];
  if (record === undefined) throw new RangeError(`step ${at} has no record ${place}`);
  return record;
};

/** The records of a step, each as it is to be compared. */
function recordsOf(at: number, { records }: StepResult, trial: Trial): ExpectedRecord[] {
  const { reading } = trial.truth;
  const events = recordsAt(reading, at);
  /* What is of one execution comes and goes together, and is on one processor. */
  const places = (execution: number): number[] =>
    events.flatMap((each, place) => (each.execution === execution ? [place] : []));
  const ofExecution = new Map(
    [...new Set(events.map(({ execution }) => execution))].map((execution) => {
      const own = places(execution);
      const first = events[own[0] as number];
      // Where a run may be on any processor, so may what is pinned to where it was started.
      const isAnywhere = reading.scenario.steps.some((step) => step.kind === "run" && step.cpu === undefined);
      const isElsewhere =
        isAnywhere ||
        trial.isFree((steps) => {
          for (const place of own) recordOf(steps, at, place).cpu ^= 1;
        });
      const isOptional =
        first?.kind === "firing" &&
        trial.isFree((steps) => {
          const step = steps[at];
          if (step !== undefined) step.records = step.records.filter((_, place) => !own.includes(place));
        });
      const lost: Wrong = { kind: "firing lost", subject: "entry", at, place: own[0] as number };
      return [execution, { isElsewhere, ...(isOptional ? { lost: trial.flagOf(lost) } : {}) }] as const;
    }),
  );
  return records.map((record, place): ExpectedRecord => {
    const event = events[place];
    if (event === undefined) throw new RangeError(`step ${at} has no record ${place}`);
    const { isElsewhere, lost } = ofExecution.get(event.execution) ?? { isElsewhere: true };
    const isFiring = event.kind === "firing";
    const subject = isFiring ? "entry" : event.operation.kind;
    const candidates = isFiring ? [record.value + 1, 0x7f] : [...new Set([...OF_CALLS, record.value + 1])];
    const wrong: Wrong & { was: number } = {
      kind: isFiring ? "other key" : "call result",
      subject,
      at,
      place,
      was: record.value,
    };
    const { value, flag = lost } = trial.number(wrong, candidates, (steps, other) => {
      recordOf(steps, at, place).value = other;
    });
    const decides = subject.startsWith("lookup") ? value !== record.value : isMixed(value);
    if (decides && !subject.endsWith("payload")) trial.isDetermined = false;
    const isAuxFree =
      !isFiring ||
      trial.isFree((steps) => {
        recordOf(steps, at, place).aux ^= ENTRY_AUX.ownElement;
      });
    const after = predecessorsOf(place, events, reading);
    const isPlain = after.length === Math.min(place, 1) && (place === 0 || after[0] === place - 1);
    const notBefore = isFiring ? notBeforeOf(event, reading) : undefined;
    return {
      site: record.site,
      value,
      ...(isAuxFree ? {} : { aux: record.aux }),
      ...(isElsewhere ? {} : { cpu: record.cpu }),
      ...(lost === undefined ? {} : { optional: true }),
      ...(isPlain ? {} : { after }),
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(flag === undefined ? {} : { flag }),
    };
  });
}

/** The guarantees that apply to one runtime, as those who say what has to be observed. */
export class Expecter {
  readonly #jury: Jury;
  readonly #harness: Harness;
  readonly #flags: Flags;

  constructor(catalogue: readonly Guarantee[], harness: Harness, flags: Flags) {
    this.#jury = new Jury(catalogue, harness);
    this.#harness = harness;
    this.#flags = flags;
  }

  /** @throws {ScenarioError} where the trace is not one of the case */
  expect(item: Case, trace: Trace): Expectations {
    const trial = new Trial(item, trace, { jury: this.#jury, harness: this.#harness, flags: this.#flags });
    const steps = trace.steps.map((step, at) => this.#step(item, step, at, trial));
    const flags = [...trial.truth.divergences].map((each) => this.#flags.divergence(each)).sort();
    return { flags, steps, isDetermined: trial.isDetermined };
  }

  #step({ scenario }: Case, step: StepResult, at: number, trial: Trial): ExpectedStep {
    const asked = scenario.steps[at];
    const subject = asked?.kind ?? "?";
    const told = trial.number({ kind: "step result", subject, at, was: step.result }, OF_STEPS, (steps, other) => {
      const changed = steps[at];
      if (changed !== undefined) changed.result = other;
    });
    const isMade = step.result === 0 && (subject === "create-map" || subject === "load-program");
    const isDivergent = trial.truth.divergenceOf(trial.truth.stepAt(at)) !== undefined;
    // Nothing is said of what comes later where this is not made, and that it is nobody promised.
    const isPrecondition = isMade && !isDivergent && isMixed(told.value);
    const result = isPrecondition ? step.result : told.value;
    const isLeaf =
      LEAVES.has(subject) || (asked?.kind === "load-program" && !isRunLater(asked.program, scenario.steps));
    if (isMixed(result) && !isLeaf) trial.isDetermined = false;
    const { returnValue, value } = step;
    const isReturnFree =
      returnValue === undefined ||
      trial.isFree((steps) => {
        const changed = steps[at];
        if (changed !== undefined) changed.returnValue = returnValue + 1;
      });
    const isPerCpu =
      asked !== undefined && "map" in asked && scenario.maps[asked.map]?.type.includes("percpu") === true;
    const pattern =
      value === undefined ? undefined : bytesOf(value, at, isPerCpu ? this.#harness.processors : 1, trial);
    return {
      result,
      ...(isReturnFree ? {} : { returnValue }),
      ...(pattern === undefined ? {} : { value: pattern }),
      ...(isPrecondition ? { precondition: true } : {}),
      ...(told.flag === undefined ? {} : { flag: told.flag }),
      records: recordsOf(at, step, trial),
    };
  }
}
