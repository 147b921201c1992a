/**
 * The abstract timer state: what the documents say is so for each timer after each event of a history. It is folded
 * over what a runtime really answered, and knows nothing of how a runtime works.
 */

import { ERRNO } from "../../bpf/errno.ts";
import type { CallEvent, ElementId, FiringEvent, HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { Element, Scenario, Step } from "../../scenario/scenario.ts";
import { RELEASE_NS } from "../../scenario/time.ts";
import { delayOf } from "./armings.ts";
import { isLockedUpdate, mapOf } from "./looking-back.ts";

/** A start that has neither fired nor been cancelled, overtaken or freed. */
export interface Arming {
  call: CallEvent;
}

/** One timer. Freed and replaced elements get a new one. */
export interface TimerState {
  /** Equal for two states of the same timer. */
  readonly id: number;
  initialized: boolean;
  /** The bpf_timer_init that initialized it. */
  init: CallEvent | null;
  /** The clock id that init was given. */
  clock: number | null;
  callback: { program: number; callback: number } | null;
  arming: Arming | null;
  /** Whether it has fired since it was initialized. */
  fired: boolean;
  /** Whether it was cancelled since its callback was last set. */
  cancelled: boolean;
  /** Whether it was ever cancelled since it was initialized. */
  everCancelled: boolean;
  /** Whether bpf_timer_cancel_async was successful on it since its callback was last set. */
  cancelledAsync: boolean;
  /**
   * Set where the timer was initialized, and was freed by the step that took the map's last user reference; by
   * `settledNs` the kernel has let go of it.
   */
  freedWithMap: { step: StepEvent; arming: Arming | null; settledNs: number } | null;
  /** What freed the initialized timer that lay here before: an update or a delete of the element. */
  freedBy: StepEvent | CallEvent | null;
}

const freshTimer = (): Omit<TimerState, "id"> => ({
  initialized: false,
  init: null,
  clock: null,
  callback: null,
  arming: null,
  fired: false,
  cancelled: false,
  everCancelled: false,
  cancelledAsync: false,
  freedWithMap: null,
  freedBy: null,
});

const NO_TIMERS: readonly TimerState[] = [];

/** An event with the state just before it. */
export interface Moment {
  event: HistoryEvent;
  /**
   * The timer of the element that the event is about, as it was then; undefined for events about none and for elements
   * nobody can name.
   */
  timer: TimerState | undefined;
  /** Of a search for a program: every timer that an event has named so far, as it was then. */
  timers: readonly TimerState[];
  /** The user references of each map. */
  references: readonly UserReferences[];
  /**
   * What the call finds cannot be told: it works through a pointer to an element that was deleted, replaced or perhaps
   * evicted since it was looked up, on a map that such a call has changed before, or on a map that the kernel is about
   * to let go of.
   */
  stale: boolean;
  /** Of a call that a callback makes: whether its element is the callback's own, and still has the timer that fired. */
  own: "element" | "timer" | undefined;
  /** Of a start that was logged after it had already fired: that firing. */
  firedBefore: FiringEvent | undefined;
}

/** How user space refers to a map. */
export interface UserReferences {
  descriptor: boolean;
  pinned: boolean;
  /** By now the kernel has let go of every pin that was removed, nanoseconds: it does so after a grace period. */
  settledNs: number;
  /** The step that let go of the last reference; -1 where none did. What is logged during it may come before its effect. */
  letGoAt: number;
}

/** Whether user space refers to a map at all. */
export const isHeld = (references: UserReferences | undefined): boolean =>
  references !== undefined && (references.descriptor || references.pinned);

/** A pointer to an element, as a program or a callback holds it. */
interface Pointer {
  timer: TimerState;
  /** The bpf_timer_init that had initialized the timer. */
  init: CallEvent | null;
  /** How many updates its map had seen. */
  updates: number;
}

/** Names a pointer of an execution by a number: its four slots, and the element that a callback is called for. */
const pointerName = (execution: number, slot: Element): number => 5 * execution + (slot === "self" ? 4 : slot);

/** Names an element by a number: a key has 32 bits. */
const KEYS = 2 ** 32;
const elementName = (map: number, key: number): number => map * KEYS + key;

const isNamed = (element: ElementId | null): element is { map: number; key: number } =>
  element !== null && element.map !== null;

/** Replays a history, giving each event with the abstract state before it. */
export class TimerWorld {
  readonly #scenario: Scenario;
  readonly #timers = new Map<number, TimerState>();
  /** Replaced and never changed, so that moments can share it. */
  #maps: readonly UserReferences[];
  /** Every timer that ever was, by id. */
  readonly #byId: TimerState[] = [];
  /** For each execution and slot, what was there when the element was looked up. */
  readonly #pointers = new Map<number, Pointer>();
  /** How many updates each LRU map has seen, by map: each may have evicted any of its elements. */
  readonly #updates = new Map<number, number>();
  /** Maps that were changed through a stale pointer: what is in them cannot be told any more. */
  readonly #untold = new Set<number | null>();
  readonly #created = new Set<number>();
  /** When each timer's callback was entered last, as a number of events applied. */
  readonly #lastFired = new Map<TimerState, number>();
  /** How many events were applied, and how many when each execution was last heard of. */
  #applied = 0;
  readonly #lastHeard = new Map<number, number>();
  /** For each timer, the last firing that no start before it accounts for, and when it was applied. */
  readonly #early = new Map<TimerState, { firing: FiringEvent; at: number }>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#maps = scenario.maps.map(() => ({ descriptor: false, pinned: false, settledNs: 0, letGoAt: -1 }));
  }

  timer({ map, key }: { map: number; key: number }): TimerState {
    const name = elementName(map, key);
    const known = this.#timers.get(name);
    if (known !== undefined) return known;
    const fresh = this.#made(freshTimer());
    this.#timers.set(name, fresh);
    return fresh;
  }

  #made(state: Omit<TimerState, "id">): TimerState {
    const timer = { id: this.#byId.length, ...state };
    this.#byId.push(timer);
    return timer;
  }

  /** A timer as it is now, whether or not its element is still there. */
  stateOf(id: number): Readonly<TimerState> | undefined {
    return this.#byId[id];
  }

  moment(event: HistoryEvent): Moment {
    const timer = this.#timerOf(event);
    const isSearch = event.kind === "step" && event.step.kind === "find-program";
    return {
      event,
      timer: timer === undefined ? undefined : { ...timer },
      timers: isSearch ? [...this.#timers.values()].map((each) => ({ ...each })) : NO_TIMERS,
      references: this.#maps,
      stale:
        event.kind === "call" &&
        (this.isUntold(event.element) || this.#isStale(event, timer) || this.#isSettling(event)),
      own: event.kind === "call" && event.callback !== null ? this.#own(event, timer) : undefined,
      firedBefore: event.kind === "call" ? this.#firedBefore(event, timer) : undefined,
    };
  }

  apply(event: HistoryEvent): void {
    if (event.kind === "step") this.#applyStep(event);
    else if (event.kind === "firing") this.#applyFiring(event);
    else this.#applyCall(event);
    this.#applied++;
    if (event.kind !== "step") this.#lastHeard.set(event.execution, this.#applied);
  }

  /**
   * A call is logged once it has returned. Where the timer may fire under the program, a start of 0 ns can so be logged
   * after the firing that it caused: one since the program was last heard of, which no other start accounts for.
   */
  #firedBefore(event: CallEvent, timer: TimerState | undefined): FiringEvent | undefined {
    if (timer === undefined || event.operation.kind !== "timer-start" || event.result !== 0) return undefined;
    const early = this.#early.get(timer);
    if (early === undefined) return undefined;
    return early.at >= (this.#lastHeard.get(event.execution) ?? 0) ? early.firing : undefined;
  }

  #timerOf(event: HistoryEvent): TimerState | undefined {
    if (event.kind === "step") return "key" in event.step ? this.timer(event.step) : undefined;
    return isNamed(event.element) ? this.timer(event.element) : undefined;
  }

  /**
   * Whether its timer fired since the execution was last heard of. What was called with interrupts off is logged after
   * that, and in which order it all was cannot be told.
   */
  #firedSince(event: CallEvent, timer: TimerState | undefined): boolean {
    const fired = timer === undefined ? undefined : this.#lastFired.get(timer);
    return fired !== undefined && fired >= (this.#lastHeard.get(event.execution) ?? 0);
  }

  #own({ execution, element }: CallEvent, timer: TimerState | undefined): Moment["own"] {
    const self = this.#pointers.get(pointerName(execution, "self"));
    if (timer === undefined || self?.timer !== timer || self.updates !== this.#updatesOf(element)) return undefined;
    return self.init === timer.init ? "timer" : "element";
  }

  #isStale(event: CallEvent, timer: TimerState | undefined): boolean {
    const { operation, execution, element } = event;
    if (!("element" in operation)) return false;
    if (event.interruptsOff && this.#firedSince(event, timer)) return true;
    const pointer = this.#pointers.get(pointerName(execution, operation.element));
    return pointer !== undefined && (pointer.timer !== timer || pointer.updates !== this.#updatesOf(element));
  }

  /**
   * After an update with BPF_F_LOCK the documents say that the timer is freed, and the maps of kernels do not agree
   * (DIVERGENCES): what is in such a map then is nothing to judge others by.
   */
  #applyLockedUpdate(map: number, by: StepEvent | CallEvent, wasInitialized: boolean): void {
    if (isLockedUpdate(by) && wasInitialized && this.#scenario.maps[map]?.type === "hash") this.#untold.add(map);
  }

  /** Whether what an element's map holds cannot be told any more. */
  isUntold(element: ElementId | null): boolean {
    return this.#untold.size > 0 && element !== null && (this.#untold.has(element.map) || this.#untold.has(null));
  }

  #updatesOf(element: ElementId | null): number {
    return this.#updates.get(element?.map ?? -1) ?? 0;
  }

  /** An update of an LRU map was tried. */
  #countUpdate({ map }: ElementId): void {
    if (map !== null && this.#scenario.maps[map]?.type === "lru-hash")
      this.#updates.set(map, (this.#updates.get(map) ?? 0) + 1);
  }

  #applyStep(event: StepEvent): void {
    const { step, outcome } = event;
    if (step.kind === "update") this.#countUpdate(step);
    if (outcome.result < 0) return;
    STEP_EFFECTS[step.kind]?.(this, step, event);
  }

  /** Every timer that an event has named so far. */
  timers(): Iterable<TimerState> {
    return this.#timers.values();
  }

  #applyFiring(event: FiringEvent): void {
    const timer = this.#timerOf(event);
    if (timer === undefined) return;
    if (timer.arming === null || isNotDue(timer.arming, event))
      this.#early.set(timer, { firing: event, at: this.#applied });
    this.#lastFired.set(timer, this.#applied);
    timer.arming = null;
    timer.fired = true;
    if (event.ownElement) this.#point(event.execution, "self", timer, event.element);
  }

  #point(execution: number, slot: Element, timer: TimerState, element: ElementId): void {
    this.#pointers.set(pointerName(execution, slot), { timer, init: timer.init, updates: this.#updatesOf(element) });
  }

  #applyCall(event: CallEvent): void {
    const { operation, result, element } = event;
    if (element === null) return;
    if (operation.kind === "lookup") {
      const timer = this.#timerOf(event);
      if (result === 1 && timer !== undefined) this.#point(event.execution, operation.slot, timer, element);
      return;
    }
    const isStale = this.#isStale(event, this.#timerOf(event)) || this.#isSettling(event);
    if (operation.kind === "update") this.#countUpdate(element);
    if ((operation.kind === "update" || operation.kind === "delete") && result === 0) this.free(element, event);
    if (isStale || element.map === null) this.#applyUnknown(event);
    const timer = this.#timerOf(event);
    if (timer === undefined || isStale || this.isUntold(element)) return;
    // What is left for later meets the callback still running.
    if (isDeferred(event) && event.callback !== null && this.#own(event, timer) === "timer") return;
    if (this.#firedBefore(event, timer) === undefined) applyTimerCall(timer, event);
    else this.#early.delete(timer);
  }

  /** What a successful call through a stale pointer, or on a map that nobody can name, has changed cannot be told. */
  #applyUnknown({ operation, result, element }: CallEvent): void {
    if ("element" in operation && operation.kind !== "read-payload" && result >= 0)
      this.#untold.add(element?.map ?? null);
  }

  /** The element's timer is cancelled and freed; array elements stay where they are, others become new ones. */
  free(element: ElementId, by: StepEvent | CallEvent): void {
    if (element.map === null) return;
    const name = elementName(element.map, element.key);
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#applyLockedUpdate(element.map, by, timer.initialized);
    // Inserting a deleted element again frees nothing more.
    const fresh = { ...freshTimer(), freedBy: timer.initialized ? by : timer.freedBy };
    Object.assign(timer, fresh);
    if (this.#scenario.maps[element.map]?.type !== "array") this.#timers.set(name, this.#made(fresh));
  }

  /** Whether a map's pin, the last reference to it, was removed so shortly before that the kernel may still hold it. */
  #isSettling(event: CallEvent | FiringEvent): boolean {
    const references = this.#maps[mapOf(event)];
    if (references === undefined || isHeld(references)) return false;
    // A clock may stand still between two steps: what comes in a later one comes after.
    return event.at === references.letGoAt || event.timeNs < references.settledNs;
  }

  /** A map is created. Where there was one of its number, programs may go on with that one, under the same name. */
  createMap(map: number, step: StepEvent): void {
    if (this.#created.has(map)) this.#untold.add(map);
    this.#created.add(map);
    this.setReferences(map, { descriptor: true }, step);
  }

  setReferences(map: number, change: Partial<UserReferences>, step: StepEvent): void {
    const references = this.#maps[map];
    if (references === undefined) return;
    const changed = { ...references, ...change };
    if (isHeld(references) && !isHeld(changed))
      Object.assign(changed, { settledNs: Math.max(changed.settledNs, step.outcome.timeNs), letGoAt: step.at });
    this.#maps = this.#maps.map((each, index) => (index === map ? changed : each));
    if (isHeld(references) && !isHeld(changed)) this.#freeMap(map, step, changed.settledNs);
  }

  dropDescriptors(step: StepEvent): void {
    for (const map of this.#maps.keys()) this.setReferences(map, { descriptor: false }, step);
  }

  #freeMap(map: number, step: StepEvent, pinsSettledNs: number): void {
    const settledNs = Math.max(step.outcome.timeNs, pinsSettledNs);
    for (const [name, timer] of this.#timers) {
      if (Math.floor(name / KEYS) === map && timer.initialized)
        Object.assign(timer, { ...freshTimer(), freedWithMap: { step, arming: timer.arming, settledNs } });
    }
  }
}

/** Whether a firing came before a start was due: another start made it, which is logged later. */
function isNotDue({ call }: Arming, firing: FiringEvent): boolean {
  const delayNs = call.operation.kind === "timer-start" ? delayOf(call.operation) : null;
  return delayNs !== null && firing.timeNs < call.timeNs + delayNs;
}

/** Whether a bpf_timer_cancel_async with interrupts off was left to be done as soon as they are on again. */
const isDeferred = ({ operation, interruptsOff, result }: CallEvent): boolean =>
  operation.kind === "timer-cancel-async" && interruptsOff && result === -ERRNO.ECANCELED;

function applyTimerCall(timer: TimerState, event: CallEvent): void {
  const { operation, result } = event;
  if (operation.kind === "timer-init" && result === 0) {
    Object.assign(timer, {
      ...freshTimer(),
      initialized: true,
      init: event,
      clock: Number(BigInt(operation.flags) & 0xfn),
    });
  } else if (operation.kind === "timer-set-callback" && result === 0) {
    timer.callback = { program: event.program, callback: operation.callback };
    timer.cancelled = false;
    timer.cancelledAsync = false;
  } else if (operation.kind === "timer-start" && result === 0) {
    timer.arming = { call: event };
  } else if (operation.kind === "timer-cancel" && result >= 0) {
    timer.arming = null;
    timer.callback = null;
    timer.cancelled = true;
    timer.everCancelled = true;
  } else if (operation.kind === "timer-cancel-async" && (result >= 0 || isDeferred(event))) {
    timer.arming = null;
    timer.cancelledAsync = true;
  }
}

type StepEffects = {
  [K in Step["kind"]]?: (world: TimerWorld, step: Extract<Step, { kind: K }>, event: StepEvent) => void;
};

const EFFECTS: StepEffects = {
  "create-map": (world, { map }, event) => world.createMap(map, event),
  "open-pin": (world, { map }, event) => world.setReferences(map, { descriptor: true }, event),
  "close-map": (world, { map }, event) => world.setReferences(map, { descriptor: false }, event),
  "pin-map": (world, { map }, event) => world.setReferences(map, { pinned: true }, event),
  "unpin-map": (world, { map }, event) =>
    world.setReferences(map, { pinned: false, settledNs: event.outcome.timeNs + RELEASE_NS }, event),
  "exit-process": (world, _, event) => world.dropDescriptors(event),
  update: (world, step, event) => world.free(step, event),
  delete: (world, step, event) => world.free(step, event),
};
const STEP_EFFECTS = EFFECTS as Partial<
  Record<Step["kind"], (world: TimerWorld, step: Step, event: StepEvent) => void>
>;
