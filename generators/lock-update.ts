/** An armed timer whose element is updated with BPF_F_LOCK, by user space or by a program; then it is initialized again. */
import fc from "fast-check";
import { BPF_F_LOCK } from "../bpf/uapi.ts";
import { advance, init, program, run, updateElement, userLookup, userUpdate } from "../scenario/build.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";
import { timerClock } from "./clock.ts";
import { lockedMap } from "./locked-map.ts";
import { delayNs } from "./time.ts";
import { afterArming, onTimer } from "./timer.ts";

const CELLS_MAX = 4;
/** Longer than any of the delays. */
const waiting = advance(2 * CELLS_MAX * GRID_NS);

/** `flags` go with BPF_F_LOCK: an element that exists cannot be inserted. */
export const lockUpdate: fc.Arbitrary<Scenario> = fc
  .record({
    map: lockedMap,
    key: fc.nat(),
    clock: timerClock,
    delay: delayNs(CELLS_MAX),
    by: fc.constantFrom("user space" as const, "a program" as const),
    flags: fc.constantFrom(BPF_F_LOCK, BPF_F_LOCK, BPF_F_LOCK | 2, BPF_F_LOCK | 1),
    fill: fc.constantFrom(0, 0xff),
    restart: fc.boolean(),
  })
  .map(({ map, key: drawn, clock, delay, by, flags, fill, restart }) => {
    const key = drawn % map.maxEntries;
    const timer = { map, key, clock, delay };
    const again = onTimer(timer, [init(0, clock)]);
    const updater = program([updateElement(0, key, flags)]);
    const update = by === "a program" ? run(2) : userUpdate(key, 5, fill, 0, flags);
    const steps = [update, userLookup(key), run(1), waiting, ...(restart ? [run(0), waiting] : [])];
    return afterArming(timer, steps, [again, updater]);
  });
