/** Mutation testing, `npm run mutation`: which changes of the emulator and of the guarantees no test would notice. */
export default {
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  plugins: ["@stryker-mutator/vitest-runner"],
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
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: ".stryker-tmp",
  // TypeScript 7 has no interface that Stryker could rewrite tsconfig.json with, and nothing here needs it rewritten.
  tsconfigFile: "none",
  reporters: ["clear-text", "json"],
  jsonReporter: { fileName: "out/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
};
