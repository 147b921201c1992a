/**
 * What all checks read of one history: each event with the abstract state just before it, and the life of each start.
 * It is computed once and shared, since every trace is judged by every guarantee.
 */
import type { CallEvent, FiringEvent, History, HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { Operation, OperationKind, Scenario, Step, StepKind } from "../../scenario/scenario.ts";
import type { Trace } from "../../scenario/trace.ts";
import { type Armings, ArmingsReader } from "./armings.ts";
import { type Moment, type TimerState, TimerWorld } from "./timer-state.ts";

/** A call of one kind, on an element that can be named, through a pointer that is not stale. */
export interface Call<K extends OperationKind> extends Moment {
  event: CallEvent;
  operation: Extract<Operation, { kind: K }>;
  timer: TimerState;
}

/** A step of one kind, whatever came of it. */
export interface StepMoment<K extends StepKind> extends Moment {
  event: StepEvent & { step: Extract<Step, { kind: K }> };
}

export interface FiringMoment extends Moment {
  event: FiringEvent;
}

const NONE: readonly Moment[] = [];

export class Reading {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly events: readonly HistoryEvent[];
  /** Every event, in order, with the state just before it. */
  readonly moments: readonly Moment[];
  readonly firings: readonly FiringMoment[];
  readonly armings: Armings;
  /** The timers as the history leaves them. */
  readonly timers: readonly TimerState[];
  readonly #calls = new Map<OperationKind, Moment[]>();
  readonly #steps = new Map<StepKind, Moment[]>();
  readonly #shared = new Map<unknown, unknown>();

  constructor(history: History) {
    const { scenario, trace, events } = history;
    this.scenario = scenario;
    this.trace = trace;
    this.events = events;
    const world = new TimerWorld(scenario);
    const armings = new ArmingsReader(history);
    const moments: Moment[] = [];
    const firings: FiringMoment[] = [];
    for (const event of events) {
      const moment = world.moment(event);
      moments.push(moment);
      if (event.kind === "firing") firings.push(moment as FiringMoment);
      else if (event.kind === "step") addTo(this.#steps, event.step.kind, moment);
      else if (moment.timer !== undefined && !moment.stale)
        addTo(this.#calls, event.operation.kind, withOperation(moment, event.operation));
      world.apply(event);
      armings.read(moment, world);
    }
    this.moments = moments;
    this.firings = firings;
    this.armings = armings.result(world);
    this.timers = [...world.timers()];
  }

  /** Every call of one kind, on an element that can be named, through a pointer that is not stale. */
  calls<K extends OperationKind>(kind: K): readonly Call<K>[] {
    return (this.#calls.get(kind) ?? NONE) as readonly Call<K>[];
  }

  /** Every step of one kind that was taken, whatever came of it. */
  steps<K extends StepKind>(kind: K): readonly StepMoment<K>[] {
    return (this.#steps.get(kind) ?? NONE) as readonly StepMoment<K>[];
  }

  /** The place of an event among the events. */
  placeOf(event: HistoryEvent): number {
    if (this.events.length <= SHORT) return this.events.indexOf(event);
    return this.shared(placesOf).get(event) ?? -1;
  }

  /** What several checks need of this history: what `make` makes of it, once. */
  shared<T>(make: (reading: Reading) => T): T {
    if (!this.#shared.has(make)) this.#shared.set(make, make(this));
    return this.#shared.get(make) as T;
  }

  /** The events before one of them. */
  before(event: HistoryEvent): readonly HistoryEvent[] {
    return this.events.slice(0, this.placeOf(event));
  }
}

/** A moment is a call where it has its operation at hand. */
function withOperation(moment: Moment & { operation?: Operation }, operation: Operation): Moment {
  moment.operation = operation;
  return moment;
}

/** Up to how many events it takes less to look one up than to remember where each is. */
const SHORT = 32;

const placesOf = ({ events }: Reading): ReadonlyMap<HistoryEvent, number> =>
  new Map(events.map((event, place) => [event, place]));

function addTo<K>(groups: Map<K, Moment[]>, kind: K, moment: Moment): void {
  const group = groups.get(kind);
  if (group === undefined) groups.set(kind, [moment]);
  else group.push(moment);
}
