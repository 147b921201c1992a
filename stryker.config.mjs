/**
 * Mutation testing, `npm run mutation`: which changes of the emulator and of the guarantees no test would notice.
 * docs/MUTATION.md has the last figures. The sandbox is compiled once, each file beside its source, and mutation/ runs
 * the tests in it.
 */
import { readdirSync } from "node:fs";

/** What the command line shows is not meant for single rules. */
const LEFT_OUT = ["tests/emulator/cli.test.ts"];

const testFiles = ["tests/unit/specs", "tests/unit/emulator", "tests/emulator", "tests/faults"]
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith(".test.ts") && !LEFT_OUT.includes(file))
  .sort();

export default {
  plugins: ["./dist/mutation/test-runner.js"],
  testRunner: "in-process",
  buildCommand: "tsc -p tsconfig.mutation.json",
  inProcess: { testFiles: testFiles.map((file) => file.replace(/ts$/, "js")), budgetMs: 1000 },
  mutate: [
    "harness/emulator/{bpf-timers,hrtimers,special-fields}.ts",
    "harness/emulator/maps/*.ts",
    "harness/emulator/verifier/*.ts",
    "specs/checks/*.ts",
    "specs/guarantees/*.ts",
    "specs/divergences.ts",
  ],
  // Nearly every text in the guarantees is words for people: what it says is not for a test to hold.
  mutator: { excludedMutations: ["StringLiteral"] },
  // A mutant of code that only draws cases makes other cases, and these are judged as rightly.
  ignorers: ["drawn-cases"],
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 10_000,
  timeoutFactor: 0.2,
  dryRunTimeoutMinutes: 15,
  tempDirName: ".stryker-tmp",
  // TypeScript 7 has no interface that Stryker could rewrite tsconfig.json with, and nothing here needs it rewritten.
  tsconfigFile: "none",
  reporters: ["clear-text", "json", "progress-append-only", "lines"],
  jsonReporter: { fileName: "out/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
};
