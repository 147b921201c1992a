/**
 * Cases per second through the protocol, with the emulator in a process of its own behind it, as a ratio to the same
 * cases on the emulator in this process: `node dist/bench/protocol.js`. Both run on the same cases, in turn.
 */
import { fileURLToPath } from "node:url";
import { casesFor } from "../conformance/cases.ts";
import { openEmulator } from "../harness/emulator/index.ts";
import type { Harness } from "../harness/harness.ts";
import { openProcess } from "../harness/process/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";

const CASES = 40;
const ROUNDS = 7;
const RUNTIME = "emulator:6.12";
const cli = fileURLToPath(new URL("../cli/timerconf.js", import.meta.url));

const cases = (await loadCatalogue()).flatMap((guarantee) =>
  casesFor(guarantee, 1, CASES).map((each) => each.compiled),
);
const inside = openEmulator(RUNTIME);
const greeting = { name: "bench", version: "0" };
const outside = await openProcess(`process:${process.execPath} ${cli} serve --runtime ${RUNTIME}`, greeting);

/** Milliseconds a case. */
async function msEach(harness: Harness): Promise<number> {
  const before = performance.now();
  const outcomes = await harness.run(cases);
  const spent = performance.now() - before;
  const failed = outcomes.find(({ kind }) => kind !== "trace");
  if (failed !== undefined) throw new Error(`a case gave no trace: ${JSON.stringify(failed)}`);
  return spent / cases.length;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

await msEach(inside);
await msEach(outside);
const own: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  own.push(await msEach(inside));
  theirs.push(await msEach(outside));
}
await outside.close();
const [direct, asked] = [median(own), median(theirs)];
console.log(`${cases.length} cases, median of ${ROUNDS} rounds`);
console.log(
  `in this process: ${Math.round(1000 / direct)} cases/s; through the protocol: ${Math.round(1000 / asked)} cases/s`,
);
console.log(`ratio ${(direct / asked).toFixed(2)}; the protocol adds ${(asked - direct).toFixed(3)} ms a case`);
