/** A sentence of a document, in our words, and what became of it: the guarantees that encode it, or why none can. */
import type { SourceId } from "./documents.ts";

/** One sentence or list item of a section, counted from 1. */
export interface Place {
  document: SourceId;
  section: string;
  sentence: number;
}

/** What became of a sentence. Where only a part of it can be seen, it has both: guarantees, and a reason for the rest. */
type Encoding =
  | { guarantees: readonly [string, ...string[]]; untestable?: string }
  | { guarantees?: never; untestable: string };

export type Sentence = Encoding & {
  /** Stable for ever, `uapi.start.refcount`. */
  id: string;
  /** Everywhere it stands: pages repeat one another. */
  places: readonly [Place, ...Place[]];
  /** What it says, in other words. */
  paraphrase: string;
};

/** A document with how many sentences each of its sections has, so that one left out shows. */
export interface SourceText {
  document: SourceId;
  sections: Readonly<Record<string, number>>;
  /** Which editions were read, and how they differ. */
  note?: string;
}

/** The same sentence of a section in several documents, which may name the section differently. */
export type Section = readonly [document: SourceId, section: string];

/** Sentence `sentence` of each of these sections. */
export const placesIn = ([first, ...others]: readonly [Section, ...Section[]], sentence = 1): Sentence["places"] => {
  const place = ([document, section]: Section): Place => ({ document, section, sentence });
  return [place(first), ...others.map(place)];
};
