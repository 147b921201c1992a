import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DOCUMENTS } from "../../../specs/sources/documents.ts";
import { coverageByDocument, coverageOf, SENTENCES, TEXTS } from "../../../specs/sources/sentences.ts";

const catalogue = await loadCatalogue();
const ids = new Set(catalogue.map(({ id }) => id));
const cited = new Set(SENTENCES.flatMap(({ guarantees = [] }) => guarantees));

const named = ({ document, section, sentence }: { document: string; section: string; sentence: number }): string =>
  `${document}, ${section} ${sentence}`;

describe("the sentences of the documents", () => {
  test.each(SENTENCES)("$id is encoded by guarantees of the catalogue, or says why it cannot be", (sentence) => {
    const { guarantees = [], untestable = "" } = sentence;
    expect(guarantees.length + untestable.length).toBeGreaterThan(0);
    expect(guarantees.filter((id) => !ids.has(id))).toEqual([]);
    expect(new Set(guarantees).size).toBe(guarantees.length);
    expect(sentence.paraphrase).not.toBe("");
  });

  test("have ids that are unique and shaped alike", () => {
    const all = SENTENCES.map(({ id }) => id);
    expect(all).toEqual([...new Set(all)]);
    for (const id of all) expect(id).toMatch(/^(timers|(uapi|page)\.[a-z-]+)\.[a-z-]+$/);
  });

  test("stand each at a place of its own, and leave none of their document's sections unread", () => {
    const places = SENTENCES.flatMap((sentence) => sentence.places.map(named)).sort();
    const expected = TEXTS.flatMap(({ document, sections }) =>
      Object.entries(sections).flatMap(([section, count]) =>
        Array.from({ length: count }, (_, index) => named({ document, section, sentence: index + 1 })),
      ),
    );
    expect(places).toEqual(expected.sort());
  });

  test("cite every guarantee that is documented", () => {
    const documented = catalogue.filter(({ undocumented }) => undocumented !== true);
    expect(documented.map(({ id }) => id).filter((id) => !cited.has(id))).toEqual([]);
  });

  test.each(catalogue)("name $id in every document that it cites", ({ id, citations }) => {
    const texts = citations.map(({ document }) => document).filter((document) => !document.startsWith("linux/"));
    const named: string[] = SENTENCES.filter(({ guarantees }) => guarantees?.includes(id) === true).flatMap(
      ({ places }) => places.map(({ document }) => document),
    );
    expect(texts.filter((document) => !named.includes(document))).toEqual([]);
  });

  test("come from every document that is not the kernel's source", () => {
    const texts = Object.keys(DOCUMENTS).filter((document) => !document.startsWith("linux/"));
    expect(TEXTS.map(({ document }) => document).sort()).toEqual(texts.sort());
  });
});

test("coverage counts each sentence of a document once", () => {
  for (const { sentences, encoded, partly, untestable } of coverageByDocument())
    expect(encoded + partly + untestable).toBe(sentences);
  const [sentence] = SENTENCES.filter(({ id }) => id === "page.cancel-async.enomem");
  expect(sentence && coverageOf(sentence)).toBe("untestable");
});
