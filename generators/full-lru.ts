/** A full LRU map with an armed timer in each element, some of them looked up again; then keys are inserted or updated. */
import fc from "fast-check";
import {
  advance,
  callback,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  userUpdate,
} from "../scenario/build.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";
import { timerClock } from "./clock.ts";
import { ownLruMap } from "./own-lru-map.ts";

const ENTRIES_MAX = 7;
const TOUCHED_MAX = 3;
const UPDATES_MAX = 3;

export const fullLru: fc.Arbitrary<Scenario> = fc
  .record({
    map: ownLruMap,
    clock: timerClock,
    touched: fc.array(fc.nat({ max: ENTRIES_MAX }), { maxLength: TOUCHED_MAX }),
    updated: fc.array(fc.nat({ max: 2 * ENTRIES_MAX }), { minLength: 1, maxLength: UPDATES_MAX }),
  })
  .map(({ map, clock, touched, updated }) => {
    const keys = Array.from({ length: map.maxEntries }, (_, key) => key);
    // A program of its own for each element: four are all that one can look up.
    const arming = keys.map((key) =>
      program([lookup(0, key), init(0, clock), setCallback(0), start((key + 1) * GRID_NS)], [callback()]),
    );
    const touching = touched.map((key) => program([lookup(0, key % map.maxEntries)]));
    const programs = [...arming, ...touching];
    return scenario([map], programs, [
      ...programs.map((_, index) => run(index)),
      ...updated.map((key) => userUpdate(key)),
      advance((ENTRIES_MAX + 2) * GRID_NS),
    ]);
  });
