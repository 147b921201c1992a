/** Blocks as GitHub's Markdown. */
import type { Verdict } from "../conformance/results.ts";
import type { Block, BlockOf, Inline, Text } from "./spec-blocks.ts";

/** Characters that would start markup; underscores within words do not. */
const escaped = (text: string): string => text.replaceAll(/[\\`*<>[\]|]/g, "\\$&").replaceAll(/\b_|_\b/g, "\\_");

/** Verdicts that need no emphasis. */
const EXPECTED: ReadonlySet<Verdict> = new Set(["holds", "not-applicable"]);

function inline(item: Inline): string {
  if (typeof item === "string") return escaped(item);
  if ("code" in item) return `\`${item.code.replaceAll("|", "\\|")}\``;
  if ("strong" in item) return `**${escaped(item.strong)}**`;
  if ("verdict" in item) return EXPECTED.has(item.verdict) ? item.verdict : `**${item.verdict}**`;
  if ("anchor" in item) return `<a id="${item.anchor}"></a>`;
  return `[${escaped(item.text)}](${item.to})`;
}

const inlines = (text: Text): string => text.map(inline).join("");

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

type Writers = { [K in Block["kind"]]: (block: BlockOf<K>) => string[] };

const WRITERS: Writers = {
  heading: ({ level, anchor, text }) => [`${"#".repeat(level)} <a id="${anchor}"></a>${escaped(text)}`],
  paragraph: ({ text }) => [inlines(text)],
  list: ({ items }) => items.map((item) => `- ${inlines(item)}`),
  table: ({ head, rows }) => [
    row(head.map(escaped)),
    row(head.map(() => "---")),
    ...rows.map((cells) => row(cells.map(inlines))),
  ],
  code: ({ lines }) => ["```text", ...lines, "```"],
  details: ({ summary, blocks }) => [
    `<details><summary>${escaped(summary)}</summary>`,
    "",
    ...blocks.flatMap(lines),
    "</details>",
  ],
};

function lines(block: Block): string[] {
  const write = WRITERS[block.kind] as (block: Block) => string[];
  return [...write(block), ""];
}

/** The document as Markdown; the same blocks always give the same bytes. */
export const blocksMarkdown = (blocks: readonly Block[]): string => `${blocks.flatMap(lines).join("\n").trimEnd()}\n`;
