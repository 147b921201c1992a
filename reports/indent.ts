/** Lines: indented, wrapped, joined. */

/** How wide running text is set; tables and code may be wider. */
export const TEXT_WIDTH = 100;

/** Each non-empty line moved to the right by `columns`. */
export function indent(lines: readonly string[], columns: number): string[] {
  const margin = " ".repeat(columns);
  return lines.map((line) => (line === "" ? line : margin + line));
}

/** Text broken between words into lines of at most `width` columns; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** Text behind a label, wrapped so that its lines stand under one another. */
export function labelled(label: string, text: string, width: number): string[] {
  const [first = "", ...rest] = wrap(text, width - label.length);
  return [`${label}${first}`.trimEnd(), ...indent(rest, label.length)];
}

/** The first line of a text. */
export const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";
