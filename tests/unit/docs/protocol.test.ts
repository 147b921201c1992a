import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { schemaFiles } from "../../../conformance/schemas.ts";
import { PROTOCOL_VERSION } from "../../../harness/process/protocol.ts";
import { COMPILED_SCENARIO_VERSION, compiledStepKinds } from "../../../scenario/compiled-scenario.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("docs/PROTOCOL.md");

describe("docs/PROTOCOL.md", () => {
  test("prints the example as it is", () => {
    const printed = /```python\n(.*?)\n```/s.exec(page)?.[1];
    expect(`${printed}\n`).toBe(read("examples/minimal-runtime.py"));
  });

  test("speaks of the versions that there are", () => {
    expect(page).toContain(`"protocol":${PROTOCOL_VERSION},`);
    expect(page).toContain(`"version":${COMPILED_SCENARIO_VERSION},`);
  });

  test.each(compiledStepKinds)("names the step %s", (kind) => {
    expect(page).toContain(`\`${kind}\``);
  });
});

describe("docs/schemas", () => {
  test("holds the schemas of today and no others (else: npm run spec)", () => {
    expect(readdirSync(new URL("../../../docs/schemas/", import.meta.url)).sort()).toEqual(
      [...schemaFiles().keys()].sort(),
    );
    for (const [name, text] of schemaFiles()) expect(read(`docs/schemas/${name}`)).toBe(text);
  });
});
