/** The tests that mutants of the emulator and of the guarantees are tried on: those that are quick and need no kernel. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/unit/{specs,emulator}/**/*.test.ts", "tests/emulator/**/*.test.ts"],
    exclude: ["tests/emulator/cli.test.ts", "tests/emulator/audit.test.ts"],
  },
});
