/** One guarantee as a section of the reference. */
import { DIVERGENCES } from "../specs/divergences.ts";
import { type Block, code, heading, list, paragraph, prose, type Text, table } from "./spec-blocks.ts";
import { divergenceItems, divergenceTitle, findingId } from "./spec-divergence.ts";
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

function facts({ sources, sentences, faults }: SpecGuarantee): Block {
  return list([
    ...sources.map(({ title, place }): Text => [{ strong: "Source:" }, ` ${title}; `, ...prose(place)]),
    ...(sentences.length === 0 ? [] : [[{ strong: "Sentences:" }, " ", ...sentenceLinks(sentences)]]),
    ...faults.map(
      ({ name, summary }): Text => [
        { strong: "Violated by the fault" },
        " ",
        { code: name },
        ": ",
        ...prose(summary),
        ".",
      ],
    ),
  ]);
}

const verdictRow = ({ runtime, version, verdict, exercised, cases, reason }: SpecVerdict): Text[] => [
  [{ code: runtime }],
  [version],
  [{ verdict }],
  [verdict === "not-applicable" ? "" : `${exercised}/${cases}`],
  // A divergence is told in full beneath the table.
  reason === undefined || verdict === "known-divergence" ? [] : prose(reason.split("\n", 1)[0] ?? ""),
];

const verdicts = (rows: readonly SpecVerdict[]): Block =>
  rows.length === 0
    ? paragraph("No report of a run that judged it is at hand.")
    : table(["runtime", "version", "verdict", "cases", "reason"], rows.map(verdictRow));

/** Its statement, where it stands, what kernels made of it, and how to see it. */
export const guaranteeBlocks = (guarantee: SpecGuarantee): Block[] => [
  heading(3, guarantee.id, guarantee.id),
  paragraph(...prose(guarantee.statement)),
  paragraph(...standing(guarantee)),
  facts(guarantee),
  verdicts(guarantee.verdicts),
  ...guarantee.divergences.flatMap((divergence) => [
    paragraph({ strong: "Known divergence:" }, " ", {
      to: `FINDINGS.md#${findingId(divergence, DIVERGENCES)}`,
      text: divergenceTitle(divergence),
    }),
    list(divergenceItems(divergence)),
  ]),
  {
    kind: "details",
    summary: "an example, and how to run it",
    blocks: [code(guarantee.example), code([guarantee.command])],
  },
];
