/** The exit code of `timerconf run`, given what it found. */
import { isGreen, type Results } from "../conformance/results.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** Whether a runtime's name means a kernel. */
export const isKernel = (runtime: string): boolean => /^kernel(:|$)/.test(runtime);

/** The first rule that applies decides: what a script must not miss comes first. */
export function runExitCode(
  results: Results,
  {
    requireKernel = false,
    strict = false,
    unsaved = false,
  }: { requireKernel?: boolean; strict?: boolean; unsaved?: boolean },
): ExitCode {
  const unavailable = results.runtimes.filter(({ status }) => status === "unavailable");
  const rules: readonly [boolean, ExitCode][] = [
    [!results.complete, EXIT.interrupted],
    [unsaved, EXIT.usage],
    [!isGreen(results), EXIT.found],
    [strict && results.results.some(({ gone }) => gone.length > 0), EXIT.found],
    [unavailable.length === results.runtimes.length, EXIT.unavailable],
    [requireKernel && unavailable.some(({ name }) => isKernel(name)), EXIT.unavailable],
  ];
  return rules.find(([applies]) => applies)?.[1] ?? EXIT.ok;
}
