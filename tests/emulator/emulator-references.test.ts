import { describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import {
  advance,
  callback,
  closeMap,
  deleteElement,
  init,
  lookup,
  pinMap,
  program,
  run,
  scenario,
  setCallback,
  start,
  unpinMap,
} from "../../scenario/build.ts";
import type { Step } from "../../scenario/scenario.ts";
import { lastResult, see, timerMap } from "./emulator-scenarios.ts";

const MS = 1_000_000;
const arm = program([lookup(0, 1), init(0, 1), setCallback(0), start(MS)], [callback()]);
const later = advance(2 * MS);
const find: Step = { kind: "find-program", program: 0 };
const closeProgram: Step = { kind: "close-program", program: 0 };
const exit: Step = { kind: "exit-process" };

/** Whether the callback of an armed timer runs where `steps` come before its time. */
async function fires(...steps: Step[]): Promise<boolean> {
  const { events } = await see(scenario([timerMap()], [arm], [run(), ...steps, later]));
  return events.includes("c0!1");
}

describe("what holds a map's timers", () => {
  test("the descriptor, as long as it is open", async () => {
    expect(await fires()).toBe(true);
    expect(await fires(closeMap())).toBe(false);
  });

  test("a pin, after the descriptor is closed", async () => {
    expect(await fires(pinMap(), closeMap())).toBe(true);
    expect(await fires(pinMap(), exit)).toBe(true);
    expect(await fires(pinMap(), closeMap(), unpinMap())).toBe(false);
  });

  test("a descriptor opened from the pin", async () => {
    expect(await fires(pinMap(), closeMap(), { kind: "open-pin", map: 0 }, unpinMap())).toBe(true);
  });

  test("not the program that uses the map, and not the process after it has ended", async () => {
    expect(await fires(exit)).toBe(false);
  });

  test("the program need not be open", async () => {
    expect(await fires(closeProgram)).toBe(true);
  });

  test("a map created again in place of another is another", async () => {
    expect(await fires({ kind: "create-map", map: 0 })).toBe(false);
  });
});

describe("what holds a program", () => {
  const found = async (...steps: Step[]): Promise<number> => {
    const own = scenario([timerMap()], [arm], [...steps, find]);
    return lastResult(await see(own), own, "find-program");
  };

  test("its descriptor, its pin, and each timer with one of its callbacks", async () => {
    expect(await found()).toBe(0);
    expect(await found(closeProgram)).toBe(-ERRNO.ENOENT);
    expect(await found({ kind: "pin-program", program: 0 }, closeProgram)).toBe(0);
    expect(await found(run(), closeProgram)).toBe(0);
    expect(await found(run(), closeProgram, later)).toBe(0);
    expect(await found(run(), closeProgram, closeMap())).toBe(-ERRNO.ENOENT);
    expect(await found(run(), closeProgram, { kind: "delete", map: 0, key: 1 })).toBe(-ERRNO.ENOENT);
  });

  test("a program that has gone cannot have its callbacks set", async () => {
    const own = scenario(
      [timerMap(), timerMap()],
      [
        program(
          [lookup(1, 1, 1), init(1, 1, 1), lookup(0, 1), init(0, 1), setCallback(0), start(MS)],
          [callback([deleteElement(0, 1), lookup(1, 1, 1), setCallback(0, 1)])],
        ),
      ],
      [run(), closeProgram, later],
    );
    expect((await see(own)).events).toContain(`c0:2=${-ERRNO.ENOENT}`);
  });
});

describe("steps without what they need", () => {
  const result = async (...steps: Step[]): Promise<number | undefined> => {
    const own = scenario([timerMap()], [arm], [exit, ...steps]);
    return (await see(own)).steps.at(-1)?.result;
  };

  test.each<[string, Step, number]>([
    ["run", run(), ERRNO.EBADF],
    ["load", { kind: "load-program", program: 0 }, ERRNO.EBADF],
    ["update", { kind: "update", map: 0, key: 1, payload: 0, fill: 0, flags: 0 }, ERRNO.EBADF],
    ["lookup", { kind: "lookup", map: 0, key: 1 }, ERRNO.EBADF],
    ["delete", { kind: "delete", map: 0, key: 1 }, ERRNO.EBADF],
    ["close", closeMap(), ERRNO.EBADF],
    ["close-program", closeProgram, ERRNO.EBADF],
    ["pin", pinMap(), ERRNO.EBADF],
    ["unpin", unpinMap(), ERRNO.ENOENT],
    ["open-pin", { kind: "open-pin", map: 0 }, ERRNO.ENOENT],
    ["find-program", find, ERRNO.ENOENT],
  ])("%s", async (_, step, errno) => {
    expect(await result(step)).toBe(-errno);
  });
});
