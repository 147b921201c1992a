/** Test vectors: the same each time, what their schema says, and confirmed or contradicted by those they are put to. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../cli/main.ts";
import { confirm } from "../../conformance/vectors/confirm.ts";
import { type VectorsFile, vectorsFileSchema } from "../../conformance/vectors/format.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RUNNER = join(ROOT, "examples/vector-runner.py");
const PYTHON_RUNTIME = `python3 '${ROOT}examples/python-runtime/runtime.py'`;
/** Firings, references, a divergence, a refusal: something of each kind of observation. */
const GUARANTEES = [
  "cancel.own-callback",
  "set-callback.no-user-reference",
  "start.cpu-pin",
  "verifier.map-types-refused",
];
const MINUTE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "timerconf-vectors-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function write(to: string, ...options: string[]) {
  const { io, out, err } = fakeIo();
  const chosen = GUARANTEES.flatMap((id) => ["--guarantee", id]);
  const code = await main(["vectors", join(folder, to), ...chosen, ...options], io);
  return { code, out: out(), err: err() };
}

const names = (of: string): string[] => readdirSync(join(folder, of)).sort();
const text = (of: string, name: string): string => readFileSync(join(folder, of, name), "utf8");
const files = (of: string): VectorsFile[] =>
  names(of).map((name) => vectorsFileSchema.parse(JSON.parse(text(of, name))));

function runner(command: string, ...paths: string[]) {
  const { status, stdout } = spawnSync("python3", [RUNNER, command, ...paths], { encoding: "utf8" });
  return { status, last: stdout.trim().split("\n").at(-1) ?? "" };
}

beforeAll(async () => {
  expect(await write("first")).toMatchObject({ code: 0 });
}, MINUTE_MS);

describe("timerconf vectors", () => {
  test(
    "writes the same bytes again",
    async () => {
      expect(await write("again")).toMatchObject({ code: 0 });
      expect(names("again")).toEqual(GUARANTEES.map((id) => `${id}.json`));
      for (const name of names("first")) expect(text("again", name)).toBe(text("first", name));
    },
    MINUTE_MS,
  );

  test("writes what the schema says, with every flag explained and none too many", () => {
    for (const { flags, groups } of files("first")) {
      const vectors = groups.flatMap((group) => group.vectors);
      const used = vectors
        .flatMap(({ expected }) => expected)
        .flatMap((way) => [
          ...way.flags,
          ...way.steps.flatMap(({ flag, records }) => [flag, ...records.map((each) => each.flag)]),
        ]);
      expect(Object.keys(flags)).toEqual([...new Set(used.flatMap((flag) => flag ?? []))].sort());
      expect(vectors.map(({ id }) => id).sort((one, other) => one - other)).toEqual(vectors.map((_, at) => at + 1));
    }
  });

  test("accepts what kernels do and what the documents say", () => {
    const [file] = files("first").filter(({ guarantee }) => guarantee === "set-callback.no-user-reference");
    const records = file?.groups
      .flatMap(({ vectors }) => vectors)
      .flatMap(({ expected }) => expected)
      .flatMap(({ steps }) => steps)
      .flatMap((step) => step.records);
    expect(file?.flags).toHaveProperty(["set-callback.no-user-reference", "kind"], "divergence");
    expect(records?.filter(({ flag }) => flag === "set-callback.no-user-reference")).toContainEqual(
      expect.objectContaining({ value: [-22, -1] }),
    );
  });

  test.each(["5.15", "6.1", "6.12", "6.18", "7.2"])(
    "the emulator of %s confirms each that is for it",
    async (release) => {
      const harness = openEmulator(`emulator:${release}`);
      const vectors = files("first").flatMap(({ groups }) => groups.flatMap((group) => group.vectors));
      const confirmations = await confirm(vectors, harness);
      expect(confirmations.filter(({ kind }) => kind === "differs")).toEqual([]);
      expect(confirmations.filter(({ kind }) => kind === "confirmed").length).toBeGreaterThan(vectors.length / 2);
    },
  );

  test(
    "leaves out what a runtime contradicts, and says so",
    async () => {
      const { code, out } = await write(
        "checked",
        "--confirm",
        "emulator:6.12",
        "--confirm",
        "emulator:6.12+fault=pin-ignored",
      );
      expect(code).toBe(1);
      expect(out).toMatch(/start.cpu-pin \d+ left out: on emulator:6.12\+fault=pin-ignored, step \d+: its records are/);
      const confirmedOn = files("checked").flatMap(({ groups }) =>
        groups.flatMap(({ vectors }) => vectors.map((vector) => vector.confirmedOn)),
      );
      for (const each of confirmedOn) expect(each).toEqual(["emulator:6.12", "emulator:6.12+fault=pin-ignored"]);
      expect(files("checked")[0]?.confirmation[0]).toEqual({ runtime: "emulator:6.12", version: expect.any(String) });
    },
    MINUTE_MS,
  );

  test("refuses a release that has no emulator", async () => {
    expect(await write("none", "--profile", "4.19")).toEqual({
      code: 2,
      out: "",
      err: "timerconf: there is no emulator of Linux 4.19\n",
    });
  });
});

describe("examples/vector-runner.py", () => {
  test("has less than 100 lines", () => {
    expect(readFileSync(RUNNER, "utf8").split("\n").length - 1).toBeLessThan(100);
  });

  test("confirms all that the Python runtime can be asked, and says why the others are skipped", () => {
    const { status, last } = runner(PYTHON_RUNTIME, join(folder, "first"));
    expect(status).toBe(0);
    expect(last).toMatch(/^[1-9]\d* confirmed, 0 differ, /);
    expect(last).toMatch(/[1-9]\d* skipped: the runtime does not say verifies/);
  });

  test.each([
    ["cancels-itself", "cancel.own-callback"],
    ["fires-elsewhere", "start.cpu-pin"],
    ["fires-early", "start.cpu-pin"],
  ])("sees that a runtime %s by %s", (fault, id) => {
    const { status, last } = runner(`${PYTHON_RUNTIME} --fault ${fault}`, join(folder, "first", `${id}.json`));
    expect(status).toBe(1);
    expect(last).toMatch(/[1-9]\d* differ/);
  });

  test("compares the loads of a runtime that only verifies", () => {
    const [file] = files("first").filter(({ guarantee }) => guarantee === "verifier.map-types-refused");
    const vectors = file?.groups.flatMap((group) => group.vectors).filter(({ needs }) => !needs.executes) ?? [];
    const isRefusedThroughout = (vector: (typeof vectors)[number]): boolean =>
      vector.scenario.steps.every(
        ({ kind }, at) => kind !== "load-program" || vector.expected[0]?.steps[at]?.result === "refused",
      );
    const confirmed = vectors.filter(isRefusedThroughout).length;
    const refusesAll = `
import json, sys
print(json.dumps({"protocol": 1, "name": "v", "version": "1", "linux": "6.12", "executes": False, "verifies": True}))
sys.stdout.flush()
sys.stdin.readline()
for request in map(json.loads, sys.stdin):
    loads = [-22 for step in request["scenario"]["steps"] if step["kind"] == "load-program"]
    print(json.dumps({"id": request["id"], "loads": loads}), flush=True)`;
    const { last } = runner(`python3 -c '${refusesAll}'`, join(folder, "first", "verifier.map-types-refused.json"));
    expect(confirmed).toBeGreaterThan(0);
    expect(last).toContain(`${confirmed} confirmed, ${vectors.length - confirmed} differ`);
  });

  test("says with its exit code that nothing was asked", () => {
    const nothing = `echo '{"protocol":1,"name":"n","version":"1","executes":false,"verifies":false}'; cat >/dev/null`;
    expect(runner(nothing, join(folder, "first", "start.cpu-pin.json")).status).toBe(2);
  });
});
