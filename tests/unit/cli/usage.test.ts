import { describe, expect, it } from "vitest";
import { main } from "../../../cli/main.ts";
import { fakeIo } from "./fake-io.ts";

async function timerconf(...argv: string[]) {
  const { io, out, err } = fakeIo();
  return { code: await main(argv, io), out: out(), err: err() };
}

describe("wrong usage", () => {
  it.each([
    [["rnu"], /unknown command 'rnu' \(Did you mean run\?\)/],
    [["run", "--runtme", "emulator"], /unknown option '--runtme' \(Did you mean --runtime\?\)/],
    [["run", "--cases", "0"], /'--cases <n>' argument '0' is invalid. Write a whole number from 1 to/],
    [["run", "--cases", "many"], /whole number/],
    [["run", "--cases", "1e3"], /whole number/],
    [["run", "--seed", "-1"], /whole number from 0 to 2147483647/],
    [["run", "--seed", "2147483648"], /whole number from 0 to 2147483647/],
    [["run", "extra"], /too many arguments/],
    [["diff", "emulator"], /missing required argument 'right'/],
    [["run", "--runtime", "emulator", "--append", "nosmp"], /for kernels, and emulator is none/],
    [["diff", "emulator:6.1", "emulator", "--qemu-arg", "-s"], /for kernels, and emulator:6.1, emulator is none/],
    [["replay", "file.json", "--runtime", "emulator", "--append", "x=1"], /for kernels/],
    [["replay", "file.json"], /required option '--runtime <runtime>' not specified/],
  ])("%j: one line on stderr, exit 2", async (argv, message) => {
    const { code, out, err } = await timerconf(...argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(message);
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
  });

  it("shows the help where no command is given", async () => {
    const { code, err } = await timerconf();
    expect(code).toBe(2);
    expect(err).toContain("Usage: timerconf");
  });
});

describe("help", () => {
  it("is no error, and documents the exit codes", async () => {
    const { code, out, err } = await timerconf("--help");
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(/130 +interrupted/);
  });
});
