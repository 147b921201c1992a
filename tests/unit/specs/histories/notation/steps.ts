/** The steps of user space, as a history written as text spells them, and the maps and programs they declare. */
import { PROGRAM_TYPES, type ProgramType } from "../../../../../scenario/program-types.ts";
import { type MapSpec, mapTypes, type Step, type ValueField } from "../../../../../scenario/scenario.ts";
import { FIELD_BYTES } from "../../../../../scenario/value-layout.ts";
import { durationNs, failAt, type Line } from "./lines.ts";
import { flagsOf } from "./words.ts";

/** What a step declares besides being taken: the shape of the map it creates, or the type of the program it loads. */
export interface Declaration {
  map?: MapSpec;
  programType?: ProgramType;
}

export interface ReadStep extends Declaration {
  step: Step;
}

const ALIGNMENT: Readonly<Record<ValueField["kind"], number>> = { u64: 8, timer: 8, "work-queue": 8, "spin-lock": 4 };

const aligned = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** `timer`, or wrapped `timer[1]` and `struct(timer)`. */
function fieldOf(word: string, line: Line): Pick<ValueField, "kind"> & { inside: Pick<ValueField, "inside"> } {
  const [, wrapped, plain, array] = /^(?:struct\(([a-z0-9-]+)\)|([a-z0-9-]+)(\[1\])?)$/.exec(word) ?? [];
  const kind = wrapped ?? plain ?? "";
  if (!(kind in ALIGNMENT)) throw failAt(line, `${word} is no field of a value`);
  const inside: Pick<ValueField, "inside"> =
    wrapped !== undefined ? { inside: "struct" } : array !== undefined ? { inside: "array" } : {};
  return { kind: kind as ValueField["kind"], inside };
}

/** The fields of a value one behind the other, as a C compiler places them. */
function layoutOf(words: string, line: Line): MapSpec["value"] {
  let size = 0;
  const fields = words.split(" ").map((word): ValueField => {
    const { kind, inside } = fieldOf(word, line);
    const offset = aligned(size, ALIGNMENT[kind]);
    size = offset + FIELD_BYTES[kind];
    return { kind, offset, ...inside };
  });
  return { size: aligned(size, 8), fields };
}

const OF_MAPS_VALUE: MapSpec["value"] = { size: 4, fields: [] };

function flags(words: string | undefined, line: Line): number {
  const value = words === undefined ? 0 : flagsOf(words);
  if (value === undefined) throw failAt(line, `${words} is no flag`);
  return Number(value);
}

type Reads = (parts: (string | undefined)[], line: Line) => ReadStep;

const onMap =
  (kind: "close-map" | "pin-map" | "unpin-map" | "open-pin"): Reads =>
  ([map]) => ({ step: { kind, map: Number(map) } });
const onProgram =
  (kind: "close-program" | "pin-program" | "unpin-program" | "open-program-pin" | "find-program"): Reads =>
  ([program]) => ({ step: { kind, program: Number(program) } });
const onElement =
  (kind: "delete" | "lookup"): Reads =>
  ([map, key]) => ({ step: { kind, map: Number(map), key: Number(key) } });

/** Each form of a step, and how its parts are read. */
const FORMS: readonly [pattern: RegExp, reads: Reads][] = [
  [/^create m(\d+)$/, ([map]) => ({ step: { kind: "create-map", map: Number(map) } })],
  [
    /^create m(\d+) ([a-z-]+)\[(\d+)\] (?:\{ ?([^}]*?) ?\}|of m(\d+))( without btf)?(?: flags (\S+))?$/,
    ([number, type, entries, fields, inner, withoutBtf, flagWords], line) => {
      if (!(mapTypes as readonly string[]).includes(type ?? "")) throw failAt(line, `${type} is no type of map`);
      const map: MapSpec = {
        type: type as MapSpec["type"],
        maxEntries: Number(entries),
        flags: flags(flagWords, line),
        btf: withoutBtf === undefined && inner === undefined,
        value: fields === undefined ? OF_MAPS_VALUE : layoutOf(fields, line),
        ...(inner === undefined ? {} : { innerMap: Number(inner) }),
      };
      return { step: { kind: "create-map", map: Number(number) }, map };
    },
  ],
  [
    /^load p(\d+)(?: ([a-z0-9-]+))?$/,
    ([program, type], line) => {
      const step: Step = { kind: "load-program", program: Number(program) };
      if (type === undefined) return { step };
      if (!(PROGRAM_TYPES as readonly string[]).includes(type)) throw failAt(line, `${type} is no program type`);
      return { step, programType: type as ProgramType };
    },
  ],
  [
    /^run p(\d+)$/,
    ([program], { cpu }) => ({
      step: { kind: "run", program: Number(program), ...(cpu === undefined ? {} : { cpu }) },
    }),
  ],
  [
    /^advance (\S+)$/,
    ([time = ""], line) => {
      const ns = durationNs(time);
      if (ns === undefined) throw failAt(line, `${time} is no length of time`);
      return { step: { kind: "advance", ns } };
    },
  ],
  [
    /^update m(\d+)\[(\d+)\](?: (?:payload (\d+)|to m(\d+)))?(?: fill (\d+))?(?: flags (\S+))?$/,
    ([map, key, payload, inner, fill = "0", flagWords], line) => ({
      step: {
        kind: "update",
        map: Number(map),
        key: Number(key),
        payload: Number(payload ?? inner ?? 0),
        fill: Number(fill),
        flags: flags(flagWords, line),
      },
    }),
  ],
  [/^delete m(\d+)\[(\d+)\]$/, onElement("delete")],
  [/^lookup m(\d+)\[(\d+)\]$/, onElement("lookup")],
  [/^close m(\d+)$/, onMap("close-map")],
  [/^pin m(\d+)$/, onMap("pin-map")],
  [/^unpin m(\d+)$/, onMap("unpin-map")],
  [/^open the pin of m(\d+)$/, onMap("open-pin")],
  [/^close p(\d+)$/, onProgram("close-program")],
  [/^pin p(\d+)$/, onProgram("pin-program")],
  [/^unpin p(\d+)$/, onProgram("unpin-program")],
  [/^open the pin of p(\d+)$/, onProgram("open-program-pin")],
  [/^find p(\d+)$/, onProgram("find-program")],
  [/^exit$/, () => ({ step: { kind: "exit-process" } })],
  [/^drop CAP_BPF$/, () => ({ step: { kind: "drop-capability" } })],
];

/**
 * Reads one step.
 * @throws {HistoryTextError} where the line is none
 */
export function readStep(line: Line): ReadStep {
  for (const [pattern, reads] of FORMS) {
    const match = pattern.exec(line.words);
    if (match !== null) return reads(match.slice(1), line);
  }
  throw failAt(line, "that is no step");
}
