/** The reference as a document: preface, coverage, the guarantees by subject, and the sentences they encode. */
import { type Block, heading, joined, paragraph, prose, type Text, table } from "./spec-blocks.ts";
import { guaranteeBlocks } from "./spec-guarantee.ts";
import { specPreface } from "./spec-preface.ts";
import type { SpecGuarantee, SpecReference, SpecSentence } from "./spec-reference.ts";

const subjectOf = ({ id }: SpecGuarantee): string => id.slice(0, id.indexOf("."));

const COUNTS = ["sentences", "encoded", "partly", "untestable"] as const;

function coverage({ coverage: documents, sentences, guarantees }: SpecReference): Block[] {
  const untestable = sentences.filter((sentence) => sentence.coverage === "untestable").length;
  const undocumented = guarantees.filter((guarantee) => guarantee.undocumented).length;
  return [
    heading(2, "Coverage", "coverage"),
    paragraph(
      `The documents make ${sentences.length} different statements. ${sentences.length - untestable} are encoded by guarantees, wholly or in part; for the other ${untestable} it is said why no case can tell. There are ${guarantees.length} guarantees, ${undocumented} of which no document states.`,
    ),
    table(
      ["document", ...COUNTS],
      documents.map((document) => [
        [document.title, ...(document.note === undefined ? [] : [`. ${document.note}`])],
        ...COUNTS.map((count): Text => [String(document[count])]),
      ]),
    ),
    paragraph(
      "A sentence that several documents repeat counts in each of them. Partly encoded: a part of what it says can be seen, and a reason is given for the rest.",
    ),
  ];
}

function runtimes({ runtimes: ran }: SpecReference): Block[] {
  return [
    heading(2, "Runtimes", "runtimes"),
    ran.length === 0
      ? paragraph("No report of a run was given.")
      : table(
          ["runtime", "version", "seeds"],
          ran.map(({ name, version, seeds }) => [[{ code: name }], [version], [seeds.join(", ")]]),
        ),
  ];
}

/** Every guarantee with its verdicts in one line. */
function overview({ runtimes: ran, guarantees }: SpecReference): Block[] {
  return [
    heading(2, "Overview", "overview"),
    table(
      ["guarantee", "since", ...ran.map(({ name, version }) => `${name} (${version})`)],
      guarantees.map(({ id, since, verdicts }) => [
        [{ to: `#${id}`, text: id }],
        [since],
        ...ran.map(({ name, version }): Text => {
          const found = verdicts.find((one) => one.runtime === name && one.version === version);
          return found === undefined ? ["-"] : [{ verdict: found.verdict }];
        }),
      ]),
    ),
  ];
}

function subjects({ guarantees }: SpecReference): Block[] {
  const names = [...new Set(guarantees.map(subjectOf))];
  return names.flatMap((name) => [
    heading(2, name, `subject-${name}`),
    ...guarantees.filter((guarantee) => subjectOf(guarantee) === name).flatMap(guaranteeBlocks),
  ]);
}

const isFirstOf = (document: string, { places }: SpecSentence): boolean => places[0]?.document === document;

/** Its place in the document that it is listed under, and the others that repeat it. */
function placeText([first, ...others]: SpecSentence["places"]): string {
  const named = others.map(({ document, section, sentence }) => `${document}, ${section} ${sentence}`);
  const own = first === undefined ? "" : `${first.section} ${first.sentence}`;
  return named.length === 0 ? own : `${own}; also ${named.join("; ")}`;
}

const encodedBy = ({ guarantees, untestable }: SpecSentence): Text => [
  ...joined(guarantees.map((id) => ({ to: `#${id}`, text: id }))),
  ...(untestable === undefined
    ? []
    : [
        ...(guarantees.length === 0 ? [] : [". "]),
        { strong: guarantees.length === 0 ? "Not testable:" : "The rest is not testable:" },
        " ",
        ...prose(untestable),
      ]),
];

/** Every sentence, in a table for each document. */
function sentences({ sentences: all, coverage: documents }: SpecReference): Block[] {
  return [
    heading(2, "Sentences", "sentences"),
    paragraph(
      "Every sentence of the documents in our words, each under the first document that has it, with the guarantees that encode it or the reason why none can. Sentences count from 1 in each section.",
    ),
    ...documents.flatMap(({ document, title }): Block[] => {
      const own = all.filter((sentence) => isFirstOf(document, sentence));
      if (own.length === 0) return [];
      return [
        heading(3, title, `document-${document}`),
        table(
          ["sentence", "place", "what it says", "encoded by"],
          own.map((sentence) => [
            [{ anchor: sentence.id }, { code: sentence.id }],
            [placeText(sentence.places)],
            prose(sentence.paraphrase),
            encodedBy(sentence),
          ]),
        ),
      ];
    }),
  ];
}

/** The whole reference. */
export const specDocument = (reference: SpecReference): Block[] => [
  ...specPreface(),
  ...coverage(reference),
  ...runtimes(reference),
  ...overview(reference),
  ...subjects(reference),
  ...sentences(reference),
];
