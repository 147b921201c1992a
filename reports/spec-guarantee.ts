/** One guarantee as a section of the reference. */
import { type Block, code, heading, list, paragraph, prose, type Text, table } from "./spec-blocks.ts";
import { divergenceItems } from "./spec-divergence.ts";
import type { SpecGuarantee } from "./spec-reference.ts";
import type { SpecVerdict } from "./spec-verdicts.ts";

const standing = ({ since, undocumented }: SpecGuarantee): Text => [
  `Since Linux ${since}. `,
  ...(undocumented
    ? [{ strong: "Undocumented:" }, " no document states it, though the kernel keeps it and callers depend on it."]
    : ["Documented."]),
];

const sentenceLinks = (ids: readonly string[]): Text =>
  ids.flatMap((id, index) => [...(index === 0 ? [] : [", "]), { to: `#${id}`, text: id }]);

const summaryOf = (fault: string, faults: SpecGuarantee["faults"]): string =>
  faults.find(({ name }) => name === fault)?.summary ?? "";

function facts({ sources, sentences, clauses, faults }: SpecGuarantee): Block {
  return list([
    ...sources.map(({ title, place }): Text => [{ strong: "Source:" }, ` ${title}; `, ...prose(place)]),
    ...(sentences.length === 0 ? [] : [[{ strong: "Sentences:" }, " ", ...sentenceLinks(sentences)]]),
    ...clauses.map(
      ({ name, words, faults: broken }): Text => [
        { strong: "Clause" },
        " ",
        { code: name },
        ": ",
        ...prose(words),
        ...broken.flatMap((fault): Text => [" Broken by ", { code: fault }, `: ${summaryOf(fault, faults)}.`]),
      ],
    ),
    ...clauses.flatMap(({ name, reach }): Text[] =>
      reach === undefined
        ? []
        : [
            [
              { strong: "Reached" },
              ` in ${Math.round(reach.share * 100)} % of the cases (`,
              { code: name },
              `): ${reach.because}`,
            ],
          ],
    ),
  ]);
}

const verdictRow = ({ runtime, version, verdict, exercised, cases, traces, clauses, reason }: SpecVerdict): Text[] => [
  [{ code: runtime }],
  [version],
  [{ verdict }, ...(clauses.length === 0 ? [] : [` (${clauses.join(", ")})`])],
  [verdict === "not-applicable" ? "" : `${exercised}/${cases}`],
  [verdict === "not-applicable" ? "" : String(traces)],
  // A divergence is told in full beneath the table.
  reason === undefined || verdict === "known-divergence" ? [] : prose(reason.split("\n", 1)[0] ?? ""),
];

const verdicts = (rows: readonly SpecVerdict[]): Block =>
  rows.length === 0
    ? paragraph("No report of a run that judged it is at hand.")
    : table(["runtime", "version", "verdict", "own cases", "all traces", "reason"], rows.map(verdictRow));

/** Its statement, where it stands, what kernels made of it, and how to see it. */
export const guaranteeBlocks = (guarantee: SpecGuarantee): Block[] => [
  heading(3, guarantee.id, guarantee.id),
  paragraph(...prose(guarantee.statement)),
  paragraph(...standing(guarantee)),
  facts(guarantee),
  verdicts(guarantee.verdicts),
  ...guarantee.divergences.flatMap((divergence) => [
    paragraph({ strong: "Known divergence:" }, " ", {
      to: `FINDINGS.md#${divergence.id}`,
      text: divergence.title,
    }),
    list(divergenceItems(divergence)),
  ]),
  {
    kind: "details",
    summary: "an example, and how to run it",
    blocks: [code(guarantee.example), code([guarantee.command])],
  },
];
