/** The elements that the maps of a machine have, for faults that tamper with what lies in them. */
import { NULL } from "../address.ts";
import type { BpfMap, MapKey } from "../maps/bpf-map.ts";
import type { Machine } from "./fault.ts";
import { onMap, wrap } from "./hooks.ts";

export interface ElementPlace {
  readonly map: BpfMap;
  readonly key: MapKey;
  /** Of its value. */
  readonly address: number;
}

/** Follows the maps that are created from now on: a function that lists the elements there are. Maps of maps have none. */
export function watchElements(machine: Machine): () => ElementPlace[] {
  const keys = new Map<BpfMap, Set<MapKey>>();
  onMap(machine, (map) => {
    if (map.inner !== undefined) return;
    const known = new Set<MapKey>(Array.from({ length: Math.min(map.spec.maxEntries, 16) }, (_, key) => key));
    keys.set(map, known);
    wrap(map, "update", (next, key, value, flags) => {
      known.add(key);
      return next(key, value, flags);
    });
  });
  return () =>
    [...keys].flatMap(([map, known]) =>
      [...known].flatMap((key) => {
        const address = map.references > 0 ? map.lookup(key, false) : NULL;
        return address === NULL ? [] : [{ map, key, address }];
      }),
    );
}
