/** The reference as data: what `timerconf spec --format json` prints, and what the other formats are written from. */
import type { Results } from "../conformance/results.ts";
import { faults } from "../harness/emulator/index.ts";
import { DIVERGENCES, type Divergence } from "../specs/divergences.ts";
import { faultsOf, type Guarantee, statementOf } from "../specs/guarantee.ts";
import { titleOf } from "../specs/sources/documents.ts";
import type { Place } from "../specs/sources/sentence.ts";
import {
  type Coverage,
  coverageByDocument,
  coverageOf,
  type DocumentCoverage,
  SENTENCES,
} from "../specs/sources/sentences.ts";
import { seriesShowing } from "./spec-divergence.ts";
import { exampleCase, exampleText } from "./spec-example.ts";
import { type SpecRuntime, type SpecVerdict, specRuntimes, specVerdicts } from "./spec-verdicts.ts";

export const SPEC_SCHEMA_VERSION = 2;

export interface SpecGuarantee {
  id: string;
  statement: string;
  since: string;
  undocumented: boolean;
  sources: { document: string; title: string; place: string }[];
  /** The sentences of the documents that it encodes, by id. */
  sentences: string[];
  verdicts: SpecVerdict[];
  divergences: Divergence[];
  clauses: {
    name: string;
    words: string;
    faults: readonly string[];
    reach?: { share: number; because: string };
  }[];
  faults: { name: string; summary: string }[];
  example: string[];
  command: string;
}

export interface SpecSentence {
  id: string;
  places: readonly Place[];
  paraphrase: string;
  coverage: Coverage;
  guarantees: readonly string[];
  untestable?: string;
}

export interface SpecReference {
  schemaVersion: typeof SPEC_SCHEMA_VERSION;
  runtimes: SpecRuntime[];
  coverage: DocumentCoverage[];
  guarantees: SpecGuarantee[];
  sentences: SpecSentence[];
}

const summaries: Readonly<Record<string, { readonly summary: string }>> = faults;

function specGuarantee(
  guarantee: Guarantee,
  runtimes: readonly SpecRuntime[],
  reports: readonly Results[],
): SpecGuarantee {
  const { id, since, undocumented = false, citations } = guarantee;
  const example = exampleCase(guarantee);
  return {
    id,
    statement: statementOf(guarantee),
    since,
    undocumented,
    sources: citations.map((citation) => ({
      document: citation.document,
      title: titleOf(citation),
      place: citation.place,
    })),
    sentences: SENTENCES.filter((sentence) => sentence.guarantees?.includes(id) === true).map(
      (sentence) => sentence.id,
    ),
    verdicts: specVerdicts(id, runtimes, reports),
    divergences: DIVERGENCES.filter((divergence) => divergence.guarantee === id),
    clauses: guarantee.clauses.map(({ name, words, faults: broken, reach }) => ({
      name,
      words,
      faults: broken,
      ...(reach === undefined ? {} : { reach }),
    })),
    faults: faultsOf(guarantee).map((name) => ({ name, summary: summaries[name]?.summary ?? "" })),
    example: example === undefined ? [] : exampleText(example),
    command: `npx timerconf run --guarantee ${id} --runtime kernel:${seriesShowing({ since })}`,
  };
}

/** The reference of a catalogue, with the verdicts of these runs. */
export function specReference(catalogue: readonly Guarantee[], reports: readonly Results[]): SpecReference {
  const runtimes = specRuntimes(reports);
  return {
    schemaVersion: SPEC_SCHEMA_VERSION,
    runtimes,
    coverage: coverageByDocument(),
    guarantees: catalogue.map((guarantee) => specGuarantee(guarantee, runtimes, reports)),
    sentences: SENTENCES.map((sentence) => {
      const { id, places, paraphrase, guarantees = [], untestable } = sentence;
      const coverage = coverageOf(sentence);
      return { id, places, paraphrase, coverage, guarantees, ...(untestable === undefined ? {} : { untestable }) };
    }),
  };
}
