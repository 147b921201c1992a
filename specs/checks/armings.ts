/** The life of each start: when it was made, when it was due, and what became of it. */
import { BPF_F_TIMER_ABS } from "../../bpf/uapi.ts";
import type { CallEvent, FiringEvent, History, HistoryEvent } from "../../scenario/history.ts";
import type { Operation } from "../../scenario/scenario.ts";
import type { ClockBound } from "../guarantee.ts";
import { type Moment, type TimerState, TimerWorld, type UserReferences } from "./timer-state.ts";

/** What ended a start: its timer fired, was started again, was cancelled or was freed; or nothing did. */
export type ArmingEnd = "firing" | "restart" | "cancel" | "freed" | null;

export interface ArmingRecord {
  /** The bpf_timer_start that returned 0. */
  call: CallEvent;
  operation: Extract<Operation, { kind: "timer-start" }>;
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
}

/** A firing that no start accounts for: its timer had not been started since it last fired, was cancelled or freed. */
export interface UnaccountedFiring {
  event: FiringEvent;
  timer: TimerState;
  /** What had freed the timer that was there before. */
  freedBy: TimerState["freedBy"];
}

export interface Armings {
  records: ArmingRecord[];
  unaccounted: UnaccountedFiring[];
}

const isStart = (moment: Moment): boolean =>
  moment.event.kind === "call" &&
  moment.event.operation.kind === "timer-start" &&
  moment.event.result === 0 &&
  !moment.stale;

/** How long after it was made a start is due, nanoseconds: Infinity past what a trace can tell, null for absolute starts. */
export function delayOf({ ns, flags, fromNow }: ArmingRecord["operation"]): number | null {
  const isAbsolute = (BigInt(flags) & BigInt(BPF_F_TIMER_ABS)) !== 0n;
  if (isAbsolute) return fromNow === undefined ? null : Number(BigInt(ns));
  return Number(BigInt.asIntN(64, BigInt(ns)));
}

/** Follows every start of a history to its end. */
export function readArmings(history: History): Armings {
  const world = new TimerWorld(history.scenario);
  const records: ArmingRecord[] = [];
  let unaccounted: UnaccountedFiring[] = [];
  let open: ArmingRecord[] = [];
  let lastNs = 0;
  for (const event of history.events) {
    const moment = world.moment(event);
    const { timer, firedBefore } = moment;
    if (event.kind === "firing" && timer !== undefined && timer.arming === null)
      unaccounted.push({ event, timer, freedBy: timer.freedBy });
    world.apply(event);
    for (const record of open.filter((each) => each.timer.arming?.call !== each.call))
      Object.assign(record, {
        end: endBy(event, record.timer, timer),
        endEvent: event,
        references: referencesOf(moment, record),
      });
    open = open.filter(({ end }) => end === null);
    if (isStart(moment) && timer !== undefined) {
      const record = startRecord(moment, event as CallEvent, timer, Math.min(lastNs, firedBefore?.timeNs ?? lastNs));
      records.push(record);
      if (firedBefore === undefined) open.push(record);
      else Object.assign(record, { end: "firing", endEvent: firedBefore, references: referencesOf(moment, record) });
      unaccounted = unaccounted.filter((firing) => firing.event !== firedBefore);
    }
    lastNs = event.kind === "step" ? Math.max(lastNs, history.trace.steps[event.at - 1]?.timeNs ?? 0) : event.timeNs;
  }
  return { records, unaccounted };
}

function startRecord({ references }: Moment, call: CallEvent, timer: TimerState, earliest: number): ArmingRecord {
  const operation = call.operation as ArmingRecord["operation"];
  return {
    call,
    operation,
    timer,
    clock: timer.clock,
    madeNs: { earliest, latest: call.timeNs },
    madeUnder: references[call.element?.map ?? -1],
    end: null,
    endEvent: null,
    references: undefined,
  };
}

const referencesOf = ({ references }: Moment, { call }: ArmingRecord): UserReferences | undefined =>
  references[call.element?.map ?? -1];

const isCancel = ({ kind }: Operation): boolean => kind === "timer-cancel" || kind === "timer-cancel-async";

function endBy(event: HistoryEvent, timer: TimerState, touched: TimerState | undefined): ArmingEnd {
  if (touched !== timer || event.kind === "step") return "freed";
  if (event.kind === "firing") return "firing";
  if (event.operation.kind === "timer-start") return "restart";
  return isCancel(event.operation) ? "cancel" : "freed";
}

/** How long before the end of the history a start should have fired at the latest, nanoseconds; negative where it need not have. */
export function overdueNs(record: ArmingRecord, history: History, clock: ClockBound): number {
  const endNs = history.trace.steps.at(-1)?.timeNs ?? 0;
  const delay = delayOf(record.operation);
  return delay === null ? -1 : endNs - (record.madeNs.latest + Math.max(delay, 0) + clock.latenessNs);
}
