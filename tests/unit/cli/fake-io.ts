/** A world for `main` that remembers what was written. */
import type { Io } from "../../../cli/io.ts";

export interface FakeIo {
  io: Io;
  out(): string;
  err(): string;
}

/** Streams that are no terminal, unless told so. */
export function fakeIo({ isTTY = false, signal = new AbortController().signal } = {}): FakeIo {
  const written = { out: "", err: "" };
  const output = (name: "out" | "err") => ({
    isTTY,
    columns: 80,
    write(text: string) {
      written[name] += text;
    },
  });
  const io = { out: output("out"), err: output("err"), env: {}, signal };
  return { io, out: () => written.out, err: () => written.err };
}
