/** What nobody promises of timers, and every promise stands on: elements are there, and hold what was written. */
import fc from "fast-check";
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from "../../bpf/uapi.ts";
import { delayNs } from "../../generators/time.ts";
import {
  advance,
  callback,
  closeMap,
  deleteElement,
  init,
  lookup,
  program,
  readPayload,
  run,
  setCallback,
  start,
  timerMap,
  updateElement,
  userDelete,
  userLookup,
  userUpdate,
  writePayload,
} from "../../scenario/build.ts";
import type { MapSpec, ProgramSpec, Scenario, Step } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { FIELD_BYTES, fieldOffset, valueBytes } from "../../scenario/value-layout.ts";
import { type ContentsMoment, contentsOf } from "../checks/map-contents.ts";
import { elementsGive } from "../checks/plumbing.ts";
import { type Check, type Guarantee, UNTOUCHED, type Violation } from "../guarantee.ts";

const BPF = [
  { document: "linux/kernel/bpf/syscall.c", place: "map_update_elem, map_delete_elem, map_lookup_elem" },
] as const;
const HELPERS = [
  { document: "linux/kernel/bpf/hashtab.c", place: "htab_map_update_elem, htab_map_delete_elem" },
  { document: "linux/kernel/bpf/arraymap.c", place: "array_map_update_elem, array_map_lookup_elem" },
] as const;

const number = fc.integer({ min: 1, max: 255 });
const type = fc.constantFrom<MapSpec["type"]>("array", "hash");

/** The value as user space must read it, with `.` for each digit of a field that nobody settles. */
function expectedValue({ map, known }: ContentsMoment): string | undefined {
  const contents = known.there === false ? undefined : known.contents;
  if (contents === undefined || contents.payload === null || contents.others === null) return undefined;
  const bytes = valueBytes(map, contents.others, 0);
  const first = fieldOffset(map, "u64");
  if (first !== undefined) new DataView(bytes.buffer).setBigUint64(first, BigInt(contents.payload), true);
  let text = Buffer.from(bytes).toString("hex");
  for (const { kind, offset } of map.value.fields)
    if (kind === "work-queue") {
      const digits = 2 * FIELD_BYTES[kind];
      text = `${text.slice(0, 2 * offset)}${".".repeat(digits)}${text.slice(2 * offset + digits)}`;
    }
  return text;
}

/** User space reads what was written, and zeros where timers and locks lie. */
const readsBack: Check = (reading) => {
  if (reading.steps("lookup").length === 0) return UNTOUCHED;
  let exercised = 0;
  const violations: Violation[] = [];
  for (const moment of contentsOf(reading)) {
    const { event } = moment;
    if (event.kind !== "step" || event.step.kind !== "lookup" || event.outcome.result !== 0) continue;
    const expected = expectedValue(moment);
    if (expected === undefined) continue;
    exercised++;
    const read = event.outcome.value ?? "";
    if (new RegExp(`^${expected}$`).test(read)) continue;
    violations.push({
      at: event.at,
      expected: `user space reads ${expected}`,
      observed: `it read ${read === "" ? "nothing" : read}`,
      subject: "bytes",
      event,
    });
  }
  return { exercised, violations };
};

const isMissing = ({ known }: ContentsMoment): boolean => known.there === false;
const mayBeThere = ({ known }: ContentsMoment): boolean => known.there !== false;
const isTaken = ({ results }: ContentsMoment): boolean => results?.includes(0) === true;
const isRefused = (moment: ContentsMoment): boolean => !isTaken(moment);

/** A small map of a type, into which nothing is inserted but by these steps. */
const onMap = (kind: MapSpec["type"], programs: ProgramSpec[], steps: Step[]): Scenario => ({
  maps: [timerMap(3, kind)],
  programs,
  steps: [
    { kind: "create-map", map: 0 },
    ...programs.map((_, index): Step => ({ kind: "load-program", program: index })),
    ...steps,
  ],
});

export default [
  {
    id: "plumbing.updates",
    clauses: [
      {
        name: "user",
        words: "An update of an element by user space returns 0 where its flags and the room in the map allow it.",
        check: elementsGive(["user update"], isTaken),
        faults: ["update-fails"],
      },
      {
        name: "user-refused",
        words:
          "It is refused with -EEXIST, -ENOENT or -E2BIG where BPF_NOEXIST, BPF_EXIST or the room in the map stand against it, with -EINVAL where BPF_F_LOCK meets a value without a lock, and with -EBADF without a descriptor.",
        check: elementsGive(["user update"], isRefused),
        faults: ["update-ignores-noexist", "update-ignores-exist"],
      },
      {
        name: "program",
        words:
          "bpf_map_update_elem returns 0 where its flags and the room in the map allow it, and is refused like an update by user space where they do not.",
        check: elementsGive(["update"]),
        faults: ["program-update-fails", "locked-update-needs-no-lock"],
      },
    ],
    citations: [...BPF, ...HELPERS],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ kind: type, value: number, late: fc.boolean() })
      .map(({ kind, value, late }) =>
        onMap(
          kind,
          [program([updateElement(0, 1), updateElement(0, 1, BPF_F_LOCK)])],
          [
            userUpdate(0, value),
            userUpdate(0, value, 0, 0, BPF_NOEXIST),
            kind === "array" ? userUpdate(9, value) : userUpdate(9, value, 0, 0, BPF_EXIST),
            userUpdate(0, value, 0, 0, BPF_EXIST),
            userUpdate(0, value, 0, 0, BPF_F_LOCK),
            run(),
            ...(late ? [closeMap(), userUpdate(0, value)] : []),
          ],
        ),
      ),
  },
  {
    id: "plumbing.deletes",
    clauses: [
      {
        name: "there",
        words: "A delete of an element that is there, by user space or by a program, returns 0.",
        check: elementsGive(["user delete", "delete"], isTaken),
        faults: ["delete-fails"],
      },
      {
        name: "missing",
        words:
          "A delete of one that is not there returns -ENOENT; of an array's it returns -EINVAL, and by user space without a descriptor -EBADF.",
        check: elementsGive(["user delete", "delete"], isRefused),
        faults: ["delete-missing-succeeds"],
      },
      {
        name: "gone",
        words: "After a delete that returned 0 the element is not there: a lookup finds nothing.",
        check: elementsGive(["user lookup", "lookup"], isMissing),
        faults: ["delete-leaves-element"],
      },
    ],
    citations: [...BPF, ...HELPERS],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ value: number, byUser: fc.boolean() })
      .map(({ value, byUser }) =>
        onMap(
          "hash",
          [program([deleteElement(0, 0)]), program([lookup(0, 0)])],
          [userUpdate(0, value), byUser ? userDelete(0) : run(0), userDelete(2), userLookup(0), run(1)],
        ),
      ),
  },
  {
    id: "plumbing.lookups",
    clauses: [
      {
        name: "user",
        words:
          "User space finds an element that is there; where an LRU map may have evicted it, it finds it or -ENOENT.",
        check: elementsGive(["user lookup"], mayBeThere),
        faults: ["user-lookup-misses"],
      },
      {
        name: "program",
        words:
          "A program finds an element that is there; where an LRU map may have evicted it, it finds it or does not.",
        check: elementsGive(["lookup"], mayBeThere),
        faults: ["lookup-misses-element"],
      },
      {
        name: "program-missing",
        words: "A program finds none that is not there.",
        check: elementsGive(["lookup"], isMissing),
        faults: ["lookup-finds-deleted"],
      },
    ],
    citations: [...BPF, ...HELPERS],
    since: "5.15",
    undocumented: true,
    scenarios: number.map((value) =>
      onMap(
        "hash",
        [program([lookup(0, 0)]), program([lookup(0, 1)])],
        [userUpdate(0, value), run(0), userLookup(0), userUpdate(1, value), userDelete(1), run(1)],
      ),
    ),
  },
  {
    id: "plumbing.values",
    clauses: [
      {
        name: "user-reads",
        words:
          "User space reads the numbers that were last written to an element, by itself, a program or a callback, and zeros where a timer or a lock lies.",
        check: readsBack,
        faults: ["user-lookup-wrong-bytes"],
      },
      {
        name: "program-reads",
        words: "A program reads the number that was last written to an element, and logs the one that it writes.",
        check: elementsGive(["read-payload", "write-payload"]),
        faults: ["read-payload-wrong"],
      },
    ],
    citations: [...BPF, ...HELPERS],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ kind: type, delay: delayNs(), first: number, second: number, third: number })
      .map(({ kind, delay, first, second, third }) => {
        const writes = [readPayload(), writePayload(second), readPayload()];
        const arms = [init(0, 1), setCallback(0), start(delay)];
        const later = callback([readPayload("self"), writePayload(third, "self")]);
        return onMap(
          kind,
          [program([lookup(0, 0), ...writes, ...arms], [later])],
          [userUpdate(0, first, 255), userLookup(0), run(), userLookup(0), advance(delay + GRID_NS), userLookup(0)],
        );
      }),
  },
] satisfies Guarantee[];
