import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import type { BatchResult, GuestDeath } from "../../../harness/kernel/guest.ts";
import { GuestWorker, type WorkingGuest } from "../../../harness/kernel/guest-worker.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";

const WARNING = "WARNING: CPU: 0 PID: 51 at kernel/bpf/helpers.c:1234";
const PANIC: GuestDeath = { reason: "the guest ended", console: "said", fromOutside: false, byQemu: false };
const KILLED: GuestDeath = { ...PANIC, reason: "QEMU ended (SIGKILL)", fromOutside: true };

/** A case that is told by its number. */
const numbered = (ns: number): CompiledScenario =>
  compile({ maps: [], programs: [], steps: [{ kind: "advance", ns }] });
const cases = (count: number): CompiledScenario[] => Array.from({ length: count }, (_, index) => numbered(index + 1));
const numberIn = (message: Buffer): number => Number(/"ns":(\d+)/.exec(message.toString("latin1"))?.[1]);

const traced = (timeNs: number, ...complaints: string[]): Outcome => ({
  kind: "trace",
  trace: {
    format: "bpf-timer-conformance/trace",
    version: 1,
    steps: [{ result: 0, timeNs, records: [] }],
    droppedRecords: 0,
    complaints,
  },
});
const answerOf = (outcome: Outcome): Buffer =>
  Buffer.from(JSON.stringify(outcome.kind === "trace" ? outcome.trace : { error: outcome.kind }));

/** Answers each case with its number; `end` says how a batch ends that holds these numbers. */
function fakeGuest(end: (numbers: number[]) => { answered: number } & Omit<BatchResult, "answers">, complaining = 0) {
  const seen = { batches: [] as Buffer[][], isClosed: false };
  const guest: WorkingGuest = {
    async answer(messages) {
      seen.batches.push([...messages]);
      const numbers = messages.map(numberIn);
      const { answered, ...rest } = end(numbers);
      const answers = numbers
        .slice(0, answered)
        .map((number) => answerOf(traced(number, ...(number === complaining ? [WARNING] : []))));
      return { answers, ...rest };
    },
    kill: () => {},
    close: async () => {
      seen.isClosed = true;
    },
  };
  return { guest, seen };
}

const NONE = { start: async () => PANIC };
const fine = (numbers: number[]) => ({ answered: numbers.length });
const outcomesOf = async (worker: GuestWorker, count: number) => {
  const { results, wasKilled } = await worker.run(cases(count));
  return { outcomes: results.map(({ outcome }) => outcome), wasKilled };
};
const { fromOutside: _, byQemu: __, ...DIED } = { kind: "died" as const, ...PANIC };

describe("a worker's guest", () => {
  it.each([
    [
      "in a case: it has died of that one, and what comes behind has no outcome",
      PANIC,
      2,
      [traced(1), traced(2), DIED],
    ],
    ["behind its last answer: it has died of its last case", PANIC, 3, [traced(1), traced(2), DIED]],
    ["from outside behind its last answer: nothing is lost", KILLED, 3, [traced(1), traced(2), traced(3)]],
  ])("dies %s", async (_, death, answered, expected) => {
    const { guest, seen } = fakeGuest(() => ({ answered, death }));
    expect(await outcomesOf(new GuestWorker(NONE, undefined, guest), 3)).toEqual({
      outcomes: expected,
      wasKilled: false,
    });
    expect(seen.isClosed).toBe(true);
  });

  it("dies complaining: that counts, unless an earlier case of its batch has said the same", async () => {
    const dying = async (...complaints: string[]) => {
      const { guest } = fakeGuest(() => ({ answered: 2, death: { ...PANIC, complaints } }), 2);
      return (await new GuestWorker(NONE, undefined, guest).run(cases(4))).results[2];
    };
    const lockup = "BUG: soft lockup - CPU#0 stuck for 26s!";
    const died = { ...DIED, reason: `${PANIC.reason}: ${lockup}`, complaint: lockup };
    expect(await dying(lockup)).toMatchObject({ outcome: died, executed: { length: 3 } });
    expect(await dying(WARNING, lockup)).toMatchObject({ outcome: died });
    expect(await dying(WARNING)).toEqual({ outcome: DIED });
  });

  it("is killed from outside: the case that ran is the last with an outcome, and told apart", async () => {
    const { guest } = fakeGuest(() => ({ answered: 1, death: KILLED }));
    const { outcomes, wasKilled } = await outcomesOf(new GuestWorker(NONE, undefined, guest), 3);
    expect(outcomes).toEqual([traced(1), expect.objectContaining({ kind: "died", reason: KILLED.reason })]);
    expect(wasKilled).toBe(true);
  });

  it("ends a batch early where its answers have no room, and is told all of the next case again", async () => {
    const { guest, seen } = fakeGuest((numbers) => ({ answered: Math.min(2, numbers.length) }));
    const { outcomes } = await outcomesOf(new GuestWorker(NONE, undefined, guest), 5);
    expect(outcomes).toEqual([1, 2, 3, 4, 5].map((number) => traced(number)));
    expect(seen.batches.map((batch) => batch.map(numberIn))).toEqual([[1, 2, 3, 4, 5], [3, 4, 5], [5]]);
    const [first, second, third] = seen.batches.map((batch) => batch[0]?.length);
    expect([second, third]).toEqual([first, first]);
    expect(seen.batches[0]?.[1]?.length).toBeLessThan(first ?? 0);
  });

  it("gives an answer that is corrupt: that case has an error, and the next ones are run again", async () => {
    const { guest, seen } = fakeGuest((numbers) =>
      numbers[0] === 1 ? { answered: 1, corruption: "corrupt answer" } : fine(numbers),
    );
    const { outcomes } = await outcomesOf(new GuestWorker(NONE, undefined, guest), 4);
    expect(outcomes).toEqual([traced(1), { kind: "error", reason: "corrupt answer" }, traced(3), traced(4)]);
    expect(seen.isClosed).toBe(false);
  });

  it("complains: the outcome has all that it had executed since its start, and it is used no more", async () => {
    const { guest, seen } = fakeGuest(fine, 2);
    const worker = new GuestWorker(NONE, undefined, guest);
    const [before, then] = [[numbered(7), numbered(8)], cases(3)];
    await worker.run(before);
    expect(seen.isClosed).toBe(false);
    const { results } = await worker.run(then);
    expect(results).toEqual([
      { outcome: traced(1) },
      { outcome: traced(2, WARNING), executed: [...before, ...then.slice(0, 2)] },
      { outcome: traced(3) },
    ]);
    expect(seen.isClosed).toBe(true);
  });

  it("has a history that is its own, and does not grow for ever", async () => {
    const worker = new GuestWorker({ start: async () => fakeGuest(fine, 2).guest }, undefined, fakeGuest(fine).guest);
    await worker.run(cases(1));
    await worker.close();
    await worker.start();
    const chunk = [numbered(9)];
    for (let repeat = 0; repeat < 5000; repeat++) await worker.run(chunk);
    const executed = (await worker.run([numbered(2)])).results[0]?.executed ?? [];
    expect(executed.length).toBeGreaterThan(4000);
    expect(executed.length).toBeLessThan(4200);
    expect(executed.slice(0, -1).every((scenario) => scenario === chunk[0])).toBe(true);
  });
});

describe("a worker starts", () => {
  const startsOf = (...started: (WorkingGuest | GuestDeath)[]) => {
    let starts = 0;
    const worker = new GuestWorker({ start: async () => started[starts++] ?? PANIC });
    return { worker, starts: () => starts };
  };

  it("a guest only where it has none", async () => {
    const { worker, starts } = startsOf(fakeGuest(fine).guest);
    expect([await worker.start(), await worker.start()]).toEqual([undefined, undefined]);
    expect(starts()).toBe(1);
  });

  it("again where somebody killed the one that was starting, but not for ever", async () => {
    const lucky = startsOf(KILLED, KILLED, fakeGuest(fine).guest);
    expect(await lucky.worker.start()).toBeUndefined();
    const unlucky = startsOf(...Array(10).fill(KILLED));
    expect(await unlucky.worker.start()).toBe(KILLED.reason);
    expect(unlucky.starts()).toBe(5);
  });

  it("and says why it cannot", async () => {
    const { worker, starts } = startsOf(PANIC, fakeGuest(fine).guest);
    expect(await worker.start()).toBe(PANIC.reason);
    expect(starts()).toBe(1);
  });

  it("and rejects once it is aborted, but keeps the guest to close it", async () => {
    const abort = new AbortController();
    const { guest, seen } = fakeGuest(fine);
    const start = async () => {
      abort.abort(new Error("interrupted"));
      return guest;
    };
    const worker = new GuestWorker({ start }, abort.signal);
    await expect(worker.start()).rejects.toThrow("interrupted");
    await worker.close();
    expect(seen.isClosed).toBe(true);
  });
});
