/** What the documents promise of a map's ownership of its timers: close, unpin, pin. */
import { advance, closeMap, pinMap, unpinMap } from "../../generators/build.ts";
import { delayNs, GRID_NS, RELEASE_NS } from "../../generators/time.ts";
import { afterArming, oneTimer } from "../../generators/timer.ts";
import type { History } from "../../scenario/history.ts";
import type { Step } from "../../scenario/scenario.ts";
import { overdueNs, readArmings } from "../armings.ts";
import type { ClockBound, Guarantee, Judgement, Violation } from "../guarantee.ts";
import { TimerWorld } from "../timer-state.ts";

const OWNERSHIP = [
  { document: "ebpf-docs/bpf_timer_init", place: "Returns, on user references" },
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Returns, on user references" },
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on user references" },
  { document: "uapi/bpf_timer_init", place: "Return" },
] as const;

/**
 * No timer fires once a step of kind `last` has taken its map's last user reference; a firing within `releaseNs` of
 * that step may belong to the time before the kernel let go.
 */
function cancelledBy(last: Step["kind"], releaseNs: number): Guarantee["check"] {
  return (history) => {
    const world = new TimerWorld(history.scenario);
    const violations: Violation[] = [];
    for (const event of history.events) {
      const freed = event.kind === "firing" ? world.timer(event.element).freedWithMap : null;
      if (event.kind === "firing" && freed?.step.step.kind === last) {
        const lateNs = event.timeNs - freed.step.outcome.timeNs;
        const expected = `no callback of the map runs after step ${freed.step.at} (${last})`;
        if (lateNs > releaseNs)
          violations.push({ at: event.at, expected, observed: `one ran ${lateNs} ns after it`, subject: last });
      }
      world.apply(event);
    }
    const freed = [...world.timers()].filter(({ freedWithMap }) => freedWithMap?.step.step.kind === last);
    return { exercised: freed.filter(({ freedWithMap }) => freedWithMap?.arming != null).length, violations };
  };
}

/** A timer that is armed while only a pin holds its map fires all the same. */
function firesWhilePinned(history: History, clock: ClockBound): Judgement {
  const { records } = readArmings(history);
  const fired = records.filter(
    ({ end, references }) => end === "firing" && references?.pinned === true && !references.descriptor,
  );
  const missing = records.filter((record) => record.end === null && overdueNs(record, history, clock) > 0);
  const violations = missing.map((record) => ({
    at: history.scenario.steps.length - 1,
    expected: `the timer started in step ${record.call.at} fires: its map is pinned`,
    observed: `${overdueNs(record, history, clock)} ns past the latest moment it had not`,
    subject: "pin",
  }));
  return { exercised: fired.length + missing.length, violations };
}

export default [
  {
    id: "ownership.close-cancels",
    statement:
      "When the last descriptor of a map that is not pinned is closed, every timer in it is cancelled and freed: none fires afterwards.",
    citations: OWNERSHIP,
    since: "5.15",
    scenarios: oneTimer(delayNs()).map((armed) => afterArming(armed, [closeMap(), advance(armed.delay + GRID_NS)])),
    check: cancelledBy("close-map", 0),
    faults: ["close-keeps-timers"],
  },
  {
    id: "ownership.unpin-cancels",
    statement:
      "When a map that only its pin kept is unpinned, every timer in it is cancelled and freed: none fires once the kernel has released the pin.",
    citations: OWNERSHIP,
    since: "5.15",
    scenarios: oneTimer(delayNs().map((ns) => ns + 2 * RELEASE_NS)).map((armed) =>
      afterArming(armed, [pinMap(), closeMap(), unpinMap(), advance(armed.delay + GRID_NS)]),
    ),
    check: cancelledBy("unpin-map", RELEASE_NS),
    faults: ["unpin-keeps-timers"],
  },
  {
    id: "ownership.pin-keeps",
    statement: "A pin holds a map as a descriptor does: a timer in a pinned map fires though no descriptor is left.",
    citations: [...OWNERSHIP, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: oneTimer(delayNs()).map((armed) =>
      afterArming(armed, [pinMap(), closeMap(), advance(armed.delay + GRID_NS)]),
    ),
    check: firesWhilePinned,
    faults: ["pin-does-not-hold"],
  },
] satisfies Guarantee[];
