/** The catalogue for people: each guarantee with its statement, where it is written, and the faults that break it. */
import { faultsOf, type Guarantee, statementOf } from "../specs/guarantee.ts";
import { titleOf } from "../specs/sources/documents.ts";
import { indent, labelled, TEXT_WIDTH } from "./indent.ts";
import { type Paint, plain } from "./paint.ts";

/** The defects an emulator can be given, by name. */
export type Faults = Readonly<Record<string, { readonly summary: string }>>;

/** The catalogue as `timerconf list --json` prints it. */
export interface CatalogueListing {
  guarantees: {
    id: string;
    statement: string;
    clauses: { name: string; words: string; faults: readonly string[] }[];
    since: string;
    sources: { document: string; title: string; place: string }[];
    faults: readonly string[];
  }[];
  faults: { name: string; summary: string; guarantees: string[] }[];
}

/** The guarantees with their sources, and the faults with the guarantees that they break. */
export function listing(guarantees: readonly Guarantee[], faults: Faults): CatalogueListing {
  return {
    guarantees: guarantees.map((guarantee) => ({
      id: guarantee.id,
      statement: statementOf(guarantee),
      clauses: guarantee.clauses.map(({ name, words, faults: broken }) => ({ name, words, faults: broken })),
      since: guarantee.since,
      sources: guarantee.citations.map((citation) => ({
        document: citation.document,
        title: titleOf(citation),
        place: citation.place,
      })),
      faults: faultsOf(guarantee),
    })),
    faults: Object.entries(faults).map(([name, { summary }]) => ({
      name,
      summary,
      guarantees: guarantees.filter((guarantee) => faultsOf(guarantee).includes(name)).map(({ id }) => id),
    })),
  };
}

/** The same as text. */
export function catalogueText({ guarantees, faults }: CatalogueListing, paint: Paint = plain): string {
  const paragraphs = guarantees.flatMap(({ id, statement, since, sources, faults }) => [
    `${paint("title", id)}  ${paint("quiet", `since Linux ${since}`)}`,
    ...indent(labelled("", statement, TEXT_WIDTH - 2), 2),
    ...indent(
      sources.flatMap(({ document, place }) => labelled("source  ", `${document}, ${place}`, TEXT_WIDTH - 2)),
      2,
    ),
    ...indent(labelled("faults  ", faults.join(", "), TEXT_WIDTH - 2), 2),
    "",
  ]);
  const width = Math.max(0, ...faults.map(({ name }) => name.length));
  return [
    ...paragraphs,
    paint("title", "faults of the emulator (emulator+fault=NAME)"),
    ...faults.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
  ].join("\n");
}
