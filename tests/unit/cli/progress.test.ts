import { expect, it } from "vitest";
import { Progress } from "../../../cli/progress.ts";
import { fakeIo } from "./fake-io.ts";

it("rewrites one line on a terminal and never more than its width", () => {
  const { io, err } = fakeIo({ isTTY: true });
  const progress = new Progress(io.err);
  progress.say("x".repeat(200));
  progress.clear();
  progress.clear();
  expect(err()).toBe(`\r\u001b[K${"x".repeat(79)}\r\u001b[K`);
});

it("writes plain lines elsewhere", () => {
  const { io, err } = fakeIo();
  const progress = new Progress(io.err);
  progress.say("one");
  progress.say("two");
  progress.clear();
  expect(err()).toBe("one\ntwo\n");
});
