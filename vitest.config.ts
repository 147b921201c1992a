import { defineConfig } from "vitest/config";

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`tests/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", 20_000),
      project("emulator", 30_000),
      project("faults", 30_000),
      project("runtimes", 60_000),
      project("kernel", 300_000),
    ],
  },
});
