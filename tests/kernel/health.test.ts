/** What a kernel complains of, or leaves behind, from the case that shows it to the file that shows it again. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { readCase } from "../../reports/case-file.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const COMPLAINT = "WARNING: a deliberate fault of the agent";
/** The kernel's log gets a warning during a case with an update, once the guest has executed one with a delete. */
const COMPLAINING = ["--append", "TIMERCONF_FAULT=complain"];
/** Its cases have deletes and no updates. */
const DELETING = "ownership.array-delete-refused";
/** Its cases have updates and no deletes; it comes behind the other one. */
const UPDATING = "set-callback.succeeds";
/** Its cases have both. */
const DELETING_AND_UPDATING = "ownership.user-delete-frees";
/** Its programs are refused, so that the agent keeps nothing for the cases to come. */
const REFUSED = "verifier.right-offset";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "timerconf-health-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function timerconf(...argv: string[]) {
  const { io, out, err } = fakeIo();
  return { code: await main(argv, io), out: out(), err: err() };
}

function run(guarantees: readonly string[], ...more: string[]) {
  const named = guarantees.flatMap((guarantee) => ["--guarantee", guarantee]);
  return timerconf("run", "--runtime", "kernel", ...named, "--cases", "12", "--seed", "4", "--out", folder, ...more);
}

const replay = (file: string, ...more: string[]) => timerconf("replay", file, "--runtime", "kernel", ...more);

async function savedCase(): Promise<{ file: string; saved: CompiledScenario }> {
  const files = readdirSync(folder).filter((name) => name.endsWith("--kernel.json"));
  expect(files).toHaveLength(1);
  const file = join(folder, String(files[0]));
  return { file, saved: await readCase(file) };
}

const kinds = ({ steps }: CompiledScenario) => new Set(steps.map(({ kind }) => kind));

describe("a complaint of the kernel", () => {
  it("that takes two cases is a violation of the second, saved with the first and replayed behind it", async () => {
    const { code, out } = await run([DELETING, UPDATING], ...COMPLAINING);
    expect(code).toBe(1);
    expect(out).toContain(`${UPDATING} is violated on kernel`);
    expect(out).not.toContain(`${DELETING} is violated`);
    expect(out).toContain("after 1 other case in the same guest, saved with it\n");
    expect(out).toContain(`observed  ${COMPLAINT}\n`);
    expect(out).not.toContain("not when it was run again");

    const { file, saved } = await savedCase();
    const [first, ...others] = saved.origin?.after ?? [];
    expect(others).toEqual([]);
    expect(first && kinds(first)).toContain("delete");
    expect(kinds(saved)).toContain("update");
    expect(kinds(saved)).not.toContain("delete");

    const again = await replay(file, ...COMPLAINING);
    expect(again.code).toBe(1);
    expect(again.out).toContain(`${UPDATING} is violated: ${COMPLAINT}\n`);
    expect(again.out).toContain("after 1 other case");
    expect(await replay(file)).toMatchObject({ code: 0, out: expect.stringContaining(`${UPDATING} holds`) });

    /* Neither the case nor what runs before it would do without the other. */
    const { after: _, ...origin } = saved.origin ?? { scenario: { maps: [], programs: [], steps: [] } };
    writeFileSync(file, JSON.stringify({ ...saved, origin }));
    expect(await replay(file, ...COMPLAINING)).toMatchObject({ code: 0 });
  });

  it("that takes one case is shrunk to what it takes", async () => {
    const { code, out } = await run([DELETING_AND_UPDATING], ...COMPLAINING);
    expect(code).toBe(1);
    expect(out).toContain(`${DELETING_AND_UPDATING} is violated on kernel`);
    const { file, saved } = await savedCase();
    expect(saved.origin?.after).toBeUndefined();
    expect(saved.steps.map(({ kind }) => kind).sort()).toEqual(["delete", "update"]);
    expect(await replay(file, ...COMPLAINING)).toMatchObject({ code: 1 });
  });
});

it("a map that is left behind is a violation of the case that left it", async () => {
  const leaking = ["--append", "TIMERCONF_FAULT=leak-map"];
  const { code, out } = await run([REFUSED], ...leaking);
  expect(code).toBe(1);
  expect(out).toContain(`${REFUSED} is violated on kernel`);
  expect(out).toContain("observed  left behind by the agent: map 0\n");
  const { file, saved } = await savedCase();
  expect(saved.steps.map(({ kind }) => kind)).toContain("create-map");
  expect(await replay(file, ...leaking)).toMatchObject({ code: 1 });
});
