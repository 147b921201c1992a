import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { GuestConsole } from "../../../harness/kernel/guest-console.ts";

const LOCKUP = "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [agent:51]";

let stream: PassThrough;
let console: GuestConsole;
beforeEach(() => {
  stream = new PassThrough();
  console = new GuestConsole(stream);
});
const print = (text: string) => new Promise((resolve) => stream.write(text, resolve));

describe("what a guest prints", () => {
  it("is kept to its end, without what is meant for terminals", async () => {
    await print(`${"x".repeat(100_000)}\r\n\u001b[1mlast\u001b[0m line\r\n`);
    expect(console.text()).toMatch(/^x+\nlast line$/);
    expect(console.text().length).toBeLessThan(70_000);
  });

  it("says in one line why it ended: a panic before a complaint, a complaint before anything else", async () => {
    expect(console.headline()).toBeUndefined();
    await print("[    1.0] reboot: Restarting system\r\n");
    expect(console.headline()).toBe("[    1.0] reboot: Restarting system");
    await print(`[   27.1] ${LOCKUP}\r\n[   27.1] Call Trace:\r\n`);
    expect(console.headline()).toBe(LOCKUP);
    await print("[   27.2] Kernel panic - not syncing: softlockup: hung tasks\r\n");
    expect(console.headline()).toBe("Kernel panic - not syncing: softlockup: hung tasks");
    expect(console.complaints()[0]).toBe(LOCKUP);
  });

  it("is a complaint of the cases at hand only where it came since their batch began", async () => {
    await print("[    0.5] WARNING: CPU: 0 PID: 1 at arch/x86/kernel/cpu.c:1\r\n");
    expect(console.complaints()).toEqual([expect.stringMatching(/^WARNING/)]);
    console.beginBatch();
    expect(console.complaints()).toEqual([]);
    await print(`[   27.1] ${LOCKUP}\r\n`);
    expect(console.complaints()).toEqual([LOCKUP]);
  });

  it("stays a complaint of the batch when much follows it", async () => {
    await print("old\n".repeat(10_000));
    console.beginBatch();
    await print(`[   27.1] ${LOCKUP}\r\n${" some_function+0x1/0x2\n".repeat(2000)}`);
    expect(console.complaints()).toEqual([LOCKUP]);
  });
});
