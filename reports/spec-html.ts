/** Blocks as one web page that needs nothing else: no script, no fetched style, no images. */
import type { Block, BlockOf, Inline, Text } from "./spec-blocks.ts";
import { SPEC_STYLE } from "./spec-style.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);

const link = (to: string, text: string): string => `<a href="${escaped(to)}">${escaped(text)}</a>`;

function inline(item: Inline): string {
  if (typeof item === "string") return escaped(item);
  if ("code" in item) return `<code>${escaped(item.code)}</code>`;
  if ("strong" in item) return `<strong>${escaped(item.strong)}</strong>`;
  if ("verdict" in item) return `<span class="${item.verdict}">${item.verdict}</span>`;
  if ("anchor" in item) return `<a id="${escaped(item.anchor)}"></a>`;
  // The page stands alone: what leads to a file beside it is left as text.
  return item.to.startsWith("#") ? link(item.to, item.text) : escaped(item.text);
}

const inlines = (text: Text): string => text.map(inline).join("");
const cells = (tag: "th" | "td", contents: readonly string[]): string =>
  `<tr>${contents.map((content) => `<${tag}>${content}</${tag}>`).join("")}</tr>`;

type Writers = { [K in Block["kind"]]: (block: BlockOf<K>) => string };

const WRITERS: Writers = {
  heading: ({ level, anchor, text }) =>
    `<h${level} id="${escaped(anchor)}">${escaped(text)}<a class="self" href="#${escaped(anchor)}">#</a></h${level}>`,
  paragraph: ({ text }) => `<p>${inlines(text)}</p>`,
  list: ({ items }) => `<ul>\n${items.map((item) => `<li>${inlines(item)}</li>`).join("\n")}\n</ul>`,
  table: ({ head, rows }) =>
    [
      "<table>",
      `<thead>${cells("th", head.map(escaped))}</thead>`,
      "<tbody>",
      ...rows.map((row) => cells("td", row.map(inlines))),
      "</tbody>",
      "</table>",
    ].join("\n"),
  code: ({ lines }) => `<pre><code>${escaped(lines.join("\n"))}</code></pre>`,
  details: ({ summary, blocks }) =>
    `<details><summary>${escaped(summary)}</summary>\n${blocks.map(write).join("\n")}\n</details>`,
};

function write(block: Block): string {
  const writer = WRITERS[block.kind] as (block: Block) => string;
  return writer(block);
}

/** Links to the headings: each of level 2 with those of level 3 beneath it. */
function contents(blocks: readonly Block[]): string {
  const lines: string[] = [];
  for (const block of blocks) {
    if (block.kind !== "heading" || block.level === 1) continue;
    const entry = link(`#${block.anchor}`, block.text);
    if (block.level === 3) lines.push(`<li>${entry}</li>`);
    else lines.push(...(lines.length === 0 ? [] : ["</ul></li>"]), `<li>${entry}<ul>`);
  }
  return `<nav><ul>\n${[...lines, ...(lines.length === 0 ? [] : ["</ul></li>"])].join("\n")}\n</ul></nav>`;
}

/** The document as a web page, with its contents beside it. */
export function blocksHtml(blocks: readonly Block[], title: string): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escaped(title)}</title><style>${SPEC_STYLE}</style></head>`,
    "<body>",
    contents(blocks),
    "<main>",
    ...blocks.map(write),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
