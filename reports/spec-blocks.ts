/** A document as a tree of blocks: what the reference is built from, whichever format it is then written in. */
import type { Verdict } from "../conformance/results.ts";

/** A piece of running text. A link leads to an anchor of the same document (`#…`) or to a file beside it. */
export type Inline =
  | string
  | { code: string }
  | { strong: string }
  | { verdict: Verdict }
  | { to: string; text: string }
  /** A place that links lead to. */
  | { anchor: string };

export type Text = readonly Inline[];

export type Block =
  | { kind: "heading"; level: 1 | 2 | 3; anchor: string; text: string }
  | { kind: "paragraph"; text: Text }
  | { kind: "list"; items: readonly Text[] }
  | { kind: "table"; head: readonly string[]; rows: readonly (readonly Text[])[] }
  | { kind: "code"; lines: readonly string[] }
  /** Folded away until a reader asks for it. */
  | { kind: "details"; summary: string; blocks: readonly Block[] };

export type BlockOf<K extends Block["kind"]> = Extract<Block, { kind: K }>;

export const heading = (level: 1 | 2 | 3, text: string, anchor: string): Block => ({
  kind: "heading",
  level,
  anchor,
  text,
});
export const paragraph = (...text: Text): Block => ({ kind: "paragraph", text });
export const list = (items: readonly Text[]): Block => ({ kind: "list", items });
export const table = (head: readonly string[], rows: readonly (readonly Text[])[]): Block => ({
  kind: "table",
  head,
  rows,
});
export const code = (lines: readonly string[]): Block => ({ kind: "code", lines });

/** Names of the kernel's, error numbers and values that running text is to set as code. */
const NAMES = /(-E[A-Z]{3,}\b|\b(?:BPF|CLOCK|CAP|CONFIG|HRTIMER|PREEMPT)_[A-Z0-9_]+\b|\b\w+\(\)|\b_*[a-z]\w*_\w+\b)/;

/** Running text with the names of the kernel's in it set as code. */
export const prose = (text: string): Text =>
  text
    .split(NAMES)
    .map((part, index) => (index % 2 === 1 ? { code: part } : part))
    .filter((part) => part !== "");

/** Items with a separator between each two. */
export const joined = (items: readonly Inline[], separator = ", "): Text =>
  items.flatMap((item, index) => (index === 0 ? [item] : [separator, item]));
