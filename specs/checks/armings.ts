/** The life of each start: when it was made, when it was due, and what became of it. */
import { BPF_F_TIMER_ABS } from "../../bpf/uapi.ts";
import type { CallEvent, FiringEvent, History, HistoryEvent } from "../../scenario/history.ts";
import type { Operation } from "../../scenario/scenario.ts";
import type { ClockBound } from "../guarantee.ts";
import { isLockedUpdate, mapOf } from "./looking-back.ts";
import type { Reading } from "./reading.ts";
import type { Moment, TimerState, TimerWorld, UserReferences } from "./timer-state.ts";

/** What ended a start: its timer fired, was started again, was cancelled or was freed; or nothing did. */
export type ArmingEnd = "firing" | "restart" | "cancel" | "freed" | null;

export interface ArmingRecord {
  /** The bpf_timer_start that returned 0. */
  call: CallEvent;
  operation: Extract<Operation, { kind: "timer-start" }>;
  /** Whether the timer's own callback made it. */
  own: boolean;
  /** The timer, as it was just before it was started. */
  timer: TimerState;
  /** The clock id that init had given the timer. */
  clock: number | null;
  /** The start was made no earlier and no later than this, CLOCK_MONOTONIC nanoseconds. */
  madeNs: { earliest: number; latest: number };
  /** How user space referred to its map when it was made. */
  madeUnder: UserReferences | undefined;
  end: ArmingEnd;
  /** The event that ended it, and how user space referred to its map just before. */
  endEvent: HistoryEvent | null;
  references: UserReferences | undefined;
  /** Up to here the timer could fire before something else ended it; Infinity where nothing did, nanoseconds. */
  couldFireUntilNs: number;
}

/** A firing that no start accounts for: its timer had not been started since it last fired, was cancelled or freed. */
export interface UnaccountedFiring {
  event: FiringEvent;
  timer: TimerState;
  /** What had freed the timer that was there before. */
  freedBy: TimerState["freedBy"];
}

export interface Armings {
  readonly records: readonly ArmingRecord[];
  readonly unaccounted: readonly UnaccountedFiring[];
  /** The same, with those in maps of which nothing can be told. */
  readonly all: Pick<Armings, "records" | "unaccounted">;
}

const isStart = (moment: Moment): boolean =>
  moment.event.kind === "call" &&
  moment.event.operation.kind === "timer-start" &&
  moment.event.result === 0 &&
  !moment.stale;

/** Whether a start's flags have a bit set. */
export const hasFlag = ({ flags }: ArmingRecord["operation"], flag: number): boolean =>
  typeof flags === "number" ? (flags & flag) !== 0 : (BigInt(flags) & BigInt(flag)) !== 0n;

/** Whether a start says how long from then on it is to wait. */
export const isRelative = ({ operation }: Pick<ArmingRecord, "operation">): boolean =>
  !hasFlag(operation, BPF_F_TIMER_ABS);

/** How long after it was made a start is due, nanoseconds: Infinity past what a trace can tell, null for absolute starts. */
export function delayOf(operation: ArmingRecord["operation"]): number | null {
  const { ns, fromNow } = operation;
  if (hasFlag(operation, BPF_F_TIMER_ABS)) return fromNow === undefined ? null : Number(ns);
  return typeof ns === "number" ? ns : Number(BigInt.asIntN(64, BigInt(ns)));
}

/** Follows every start of a history to its end, event by event. */
export class ArmingsReader {
  readonly #history: History;
  readonly #records: ArmingRecord[] = [];
  #unaccounted: UnaccountedFiring[] = [];
  #open: ArmingRecord[] = [];
  #lastNs = 0;
  /** When each callback that runs was entered, by its execution. */
  readonly #enteredNs = new Map<number, number>();

  constructor(history: History) {
    this.#history = history;
  }

  /** What became of the starts, but for those in maps of which nothing can be told. */
  result(world: TimerWorld): Armings {
    const isTold = ({ element }: CallEvent | FiringEvent): boolean => !world.isUntold(element);
    return {
      records: this.#records.filter(({ call }) => isTold(call)),
      unaccounted: this.#unaccounted.filter(({ event }) => isTold(event)),
      all: { records: this.#records, unaccounted: this.#unaccounted },
    };
  }

  /** Takes the next event in; `world` is what it has just been applied to. */
  read(moment: Moment, world: TimerWorld): void {
    const { event, timer, firedBefore } = moment;
    if (event.kind === "firing") {
      this.#enteredNs.set(event.execution, event.timeNs);
      const mayBeBefore = timer?.freedBy?.kind === "step" && timer.freedBy.at === event.at;
      if (
        timer !== undefined &&
        timer.arming === null &&
        !mayBeBefore &&
        !(event.timeNs <= (timer.freedWithMap?.settledNs ?? -1))
      )
        this.#unaccounted.push({ event, timer, freedBy: timer.freedBy });
    }
    if (this.#open.length > 0) this.#close(moment, world);
    if (isStart(moment) && timer !== undefined) {
      const earliest = Math.min(this.#lastNs, firedBefore?.timeNs ?? this.#lastNs);
      const record = startRecord(moment, event as CallEvent, timer, earliest);
      this.#records.push(record);
      // The firing was put down to the start before, which this one had replaced.
      const replaced = firedBefore && this.#records.find((each) => each !== record && each.endEvent === firedBefore);
      if (replaced !== undefined) Object.assign(replaced, { end: "restart", endEvent: event });
      if (firedBefore === undefined) this.#open.push(record);
      else Object.assign(record, { end: "firing", endEvent: firedBefore, references: referencesOf(moment, record) });
      if (firedBefore !== undefined)
        this.#unaccounted = this.#unaccounted.filter((firing) => firing.event !== firedBefore);
    }
    const stepsTimes = this.#history.trace.steps;
    this.#lastNs = event.kind === "step" ? Math.max(this.#lastNs, stepsTimes[event.at - 1]?.timeNs ?? 0) : event.timeNs;
  }

  #close(moment: Moment, world: TimerWorld): void {
    const { event, timer } = moment;
    const isOver = ({ timer: { id }, call }: ArmingRecord): boolean => world.stateOf(id)?.arming?.call !== call;
    if (!this.#open.some(isOver)) return;
    for (const record of this.#open.filter(isOver)) {
      record.end = endBy(event, record.timer, timer);
      record.endEvent = event;
      record.references = referencesOf(moment, record);
      record.couldFireUntilNs = this.#couldFireUntilNs(event);
    }
    this.#open = this.#open.filter(({ end }) => end === null);
  }

  /**
   * Up to when a timer could fire that this event disarmed. While a program or a callback runs, a runtime need not
   * let timers fire, and a step takes effect at any moment of its duration.
   */
  #couldFireUntilNs(event: HistoryEvent): number {
    const stepBeforeNs = this.#history.trace.steps[event.at - 1]?.timeNs ?? 0;
    const enteredNs = event.kind === "call" ? this.#enteredNs.get(event.execution) : undefined;
    return enteredNs ?? stepBeforeNs;
  }
}

function startRecord({ references, own }: Moment, call: CallEvent, timer: TimerState, earliest: number): ArmingRecord {
  const operation = call.operation as ArmingRecord["operation"];
  return {
    call,
    operation,
    own: own === "timer",
    timer,
    clock: timer.clock,
    madeNs: { earliest, latest: call.timeNs },
    madeUnder: references[mapOf(call)],
    end: null,
    endEvent: null,
    references: undefined,
    couldFireUntilNs: Number.POSITIVE_INFINITY,
  };
}

const referencesOf = ({ references }: Moment, { call }: ArmingRecord): UserReferences | undefined =>
  references[mapOf(call)];

const isCancel = ({ kind }: Operation): boolean => kind === "timer-cancel" || kind === "timer-cancel-async";

function endBy(event: HistoryEvent, timer: TimerState, touched: TimerState | undefined): ArmingEnd {
  if (touched?.id !== timer.id || event.kind === "step") return "freed";
  if (event.kind === "firing") return "firing";
  if (event.operation.kind === "timer-start") return "restart";
  return isCancel(event.operation) ? "cancel" : "freed";
}

/** How long before the end of the history a start should have fired at the latest, nanoseconds; negative where it need not have. */
export function overdueNs(record: ArmingRecord, { trace }: Reading, clock: ClockBound): number {
  const endNs = trace.steps.at(-1)?.timeNs ?? 0;
  const delay = delayOf(record.operation);
  return delay === null ? -1 : endNs - (record.madeNs.latest + Math.max(delay, 0) + clock.latenessNs);
}

/** Whether a start may fire at a moment: its time is past, by no more than the clock's bound. */
export function isDue({ madeNs, operation }: ArmingRecord, timeNs: number, { latenessNs }: ClockBound): boolean {
  const delayNs = delayOf(operation);
  if (delayNs === null) return true;
  return madeNs.earliest + delayNs <= timeNs && timeNs <= madeNs.latest + Math.max(delayNs, 0) + latenessNs;
}

/** Whether an update of a hash map's element with BPF_F_LOCK has freed a start: the documents say so, and kernels do not. */
export function isFreedByLockedUpdate({ end, endEvent, call }: ArmingRecord, { scenario }: Reading): boolean {
  return (
    end === "freed" && endEvent !== null && isLockedUpdate(endEvent) && scenario.maps[mapOf(call)]?.type === "hash"
  );
}
