/** Corruptions of a trace: single observations made wrong, each in a way that a broken runtime could show. */
import { ENTRY_AUX } from "../../scenario/log-map.ts";
import type { LogRecord, StepResult, Trace } from "../../scenario/trace.ts";
import type { Case } from "../cases.ts";

/** Which observation is wrong. */
interface Wrongness {
  /** What it is about, beside the kind: the operation or the kind of step. */
  subject: string;
  /** What was observed, and what is said instead, where a number was made another. */
  was?: number;
  now?: number;
  /** The step it is in, and which of the step's records it is where it is one. */
  at: number;
  place?: number;
}

export interface Corruption extends Wrongness {
  kind: CorruptionKind;
  trace: Trace;
}

/** What can be wrong in a trace; a corruption lets go of what would leave it as it is. */
interface Wrong extends Wrongness {
  /** Changes the steps, which are a copy. */
  change(steps: StepResult[]): void;
}

interface Place {
  at: number;
  place: number;
  record: LogRecord;
  subject: string;
  isEntry: boolean;
}

/** How much earlier or later than it came a firing is said to have come. */
const SHIFT_NS = 10_000_000;
const RESULTS = [0, 1, -1, -16, -22] as const;

function placesOf({ scenario, compiled }: Case, { steps }: Trace): Place[] {
  return steps.flatMap(({ records }, at) =>
    records.map((record, place) => {
      const site = compiled.sites[record.site];
      const program = site === undefined ? undefined : scenario.programs[site.program];
      const part = site === undefined || site.callback === null ? program : program?.callbacks[site.callback];
      const isEntry = site?.operation === "entry";
      const operation = typeof site?.operation === "number" ? part?.operations[site.operation] : undefined;
      return { at, place, record, subject: isEntry ? "entry" : (operation?.kind ?? "?"), isEntry };
    }),
  );
}

const recordsOf = (steps: StepResult[], { at }: { at: number }): LogRecord[] => {
  const step = steps[at];
  if (step === undefined) throw new Error(`the trace has no step ${at}`);
  return step.records;
};

/** Puts another record in the place of one. */
const replaced = (where: Place, other: Partial<LogRecord>): Wrong => ({
  ...where,
  ...(other.value === undefined ? {} : { was: where.record.value, now: other.value }),
  change: (steps) => {
    recordsOf(steps, where)[where.place] = { ...where.record, ...other };
  },
});

const lost = (where: Place): Wrong => ({
  ...where,
  change: (steps) => void recordsOf(steps, where).splice(where.place, 1),
});

const doubled = (where: Place): Wrong => ({
  ...where,
  change: (steps) => void recordsOf(steps, where).splice(where.place, 0, where.record),
});

/** All records of the callback that was entered here, the entry first. */
function bodyOf(entry: Place, item: Case, { steps }: Trace): LogRecord[] {
  const records = steps[entry.at]?.records.slice(entry.place + 1) ?? [];
  const own = item.compiled.sites[entry.record.site];
  const body = [entry.record];
  for (const record of records) {
    const site = item.compiled.sites[record.site];
    const isOther = site?.program !== own?.program || site?.callback !== own?.callback;
    if (isOther || site?.operation === "entry" || record.cpu !== entry.record.cpu) break;
    body.push(record);
  }
  return body;
}

/** A whole firing at another time, with all that its callback logs. */
function shifted(entry: Place, item: Case, trace: Trace, byNs: number): Wrong[] {
  const body = bodyOf(entry, item, trace);
  const moved = body.map((record) => ({ ...record, timeNs: record.timeNs + byNs }));
  const first = moved[0]?.timeNs ?? 0;
  const to = trace.steps.findIndex(({ timeNs }) => timeNs >= first);
  if (to < 0 || first < 0 || trace.steps[0] === undefined || first < trace.steps[0].timeNs) return [];
  return [
    {
      ...entry,
      change: (steps) => {
        recordsOf(steps, entry).splice(entry.place, body.length);
        const records = recordsOf(steps, { at: to });
        const before = records.findIndex(({ timeNs }) => timeNs > first);
        records.splice(before < 0 ? records.length : before, 0, ...moved);
      },
    },
  ];
}

type Find = (item: Case, trace: Trace, places: Place[]) => Wrong[];

const ofEntries =
  (wrong: (entry: Place, item: Case, trace: Trace) => Wrong[]): Find =>
  (item, trace, places) =>
    places.filter(({ isEntry }) => isEntry).flatMap((entry) => wrong(entry, item, trace));

const ofCalls =
  (wrong: (call: Place) => Wrong[]): Find =>
  (_, __, places) =>
    places.filter(({ isEntry }) => !isEntry).flatMap(wrong);

const ofSteps =
  (wrong: (step: StepResult) => Partial<StepResult>[]): Find =>
  ({ scenario }, { steps }) =>
    steps.flatMap((step, at) =>
      wrong(step).map((other) => ({
        at,
        ...(other.result === undefined ? {} : { was: step.result, now: other.result }),
        subject: scenario.steps[at]?.kind ?? "?",
        change: (copy: StepResult[]) => {
          copy[at] = { ...step, ...other };
        },
      })),
    );

/** The bytes with one of them changed: the first, the middle one, the last. */
const otherBytes = (text: string): string[] =>
  [...new Set([0, (text.length / 4) | 0, text.length / 2 - 1])].map((byte) => {
    const bytes = Buffer.from(text, "hex");
    bytes[byte] = (bytes[byte] ?? 0) ^ 0x5a;
    return bytes.toString("hex");
  });

const FINDERS = {
  "call result": ofCalls((call) =>
    RESULTS.filter((value) => value !== call.record.value).map((value) => replaced(call, { value })),
  ),
  "step result": ofSteps(({ result }) =>
    [0, -1, -2, -22].filter((other) => other !== result).map((other) => ({ result: other })),
  ),
  "return value": ofSteps(({ returnValue }) =>
    returnValue === undefined ? [] : [{ returnValue: returnValue + 1 }, { returnValue: -22 }],
  ),
  bytes: ofSteps(({ value }) => (value === undefined ? [] : otherBytes(value).map((other) => ({ value: other })))),
  "firing lost": ofEntries((entry, item, trace) => [
    {
      ...entry,
      change: (steps) => void recordsOf(steps, entry).splice(entry.place, bodyOf(entry, item, trace).length),
    },
  ]),
  "firing doubled": ofEntries((entry, item, trace) => {
    const body = bodyOf(entry, item, trace);
    return [
      { ...entry, change: (steps) => void recordsOf(steps, entry).splice(entry.place + body.length, 0, ...body) },
    ];
  }),
  "firing early": ofEntries((entry, item, trace) => shifted(entry, item, trace, -SHIFT_NS)),
  "firing late": ofEntries((entry, item, trace) => shifted(entry, item, trace, SHIFT_NS)),
  "other key": ofEntries((entry) => [
    replaced(entry, { value: entry.record.value + 1 }),
    replaced(entry, { value: 0x7f }),
  ]),
  "other map": ofEntries((entry, { scenario }) => {
    const own = entry.record.aux & ENTRY_AUX.mapMask;
    const others = [...scenario.maps.keys(), ENTRY_AUX.mapUnknown].filter((map) => map !== own);
    return others.map((map) => replaced(entry, { aux: (entry.record.aux & ~ENTRY_AUX.mapMask) | map }));
  }),
  "other element": ofEntries((entry) => [replaced(entry, { aux: entry.record.aux ^ ENTRY_AUX.ownElement })]),
  "other callback": ofEntries((entry, { compiled }) =>
    compiled.sites.flatMap(({ operation }, site) =>
      operation === "entry" && site !== entry.record.site ? [replaced(entry, { site })] : [],
    ),
  ),
  "other CPU": (_, __, places) => places.map((each) => replaced(each, { cpu: each.record.cpu ^ 1 })),
  "entry lost": ofEntries((entry) => [lost(entry)]),
  "call lost": ofCalls((call) => [lost(call)]),
  "call doubled": ofCalls((call) => [doubled(call)]),
  order: (_, __, places) =>
    places.flatMap((each, index) => {
      const next = places[index + 1];
      if (next === undefined || next.at !== each.at) return [];
      return [
        {
          ...each,
          change: (steps: StepResult[]) => void recordsOf(steps, each).splice(each.place, 2, next.record, each.record),
        },
      ];
    }),
} satisfies Record<string, Find>;

export type CorruptionKind = keyof typeof FINDERS | "complaint";

export const CORRUPTION_KINDS: readonly CorruptionKind[] = [
  ...(Object.keys(FINDERS) as (keyof typeof FINDERS)[]),
  "complaint",
];

/**
 * One corruption of each kind that a trace has room for.
 * @param pick gives a whole number from 0 to below its argument: which of them all
 */
export function corruptionsOf(item: Case, trace: Trace, pick: (count: number) => number): Corruption[] {
  const places = placesOf(item, trace);
  const found = Object.entries(FINDERS).flatMap(([kind, find]): Corruption[] => {
    const all = (find as Find)(item, trace, places);
    const wrong = all[all.length === 0 ? 0 : pick(all.length)];
    if (wrong === undefined) return [];
    const steps = trace.steps.map((step) => ({ ...step, records: [...step.records] }));
    wrong.change(steps);
    const { change: _, ...told } = wrong;
    return [{ ...told, kind: kind as CorruptionKind, trace: { ...trace, steps } }];
  });
  const complaint: Trace = { ...trace, complaints: [...trace.complaints, "WARNING: something is wrong"] };
  return [...found, { kind: "complaint", subject: "trace", at: trace.steps.length - 1, trace: complaint }];
}
