/**
 * The audit's table: by kind of corruption, how many were tried and how many some guarantee noticed, and what was not:
 * `node dist/bench/audit.js`.
 */
import Table from "cli-table3";
import { type AuditResult, audit } from "../conformance/audit/audit.ts";
import { CORRUPTION_KINDS } from "../conformance/audit/corruptions.ts";
import { openEmulator } from "../harness/emulator/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { UNPROMISED } from "../specs/unpromised.ts";

const SEED = 7;
const VERSIONS = ["6.1", "6.12", "7.2"];

const catalogue = await loadCatalogue();
const results: AuditResult[] = [];
for (const version of VERSIONS)
  results.push(await audit(openEmulator(`emulator:${version}`), { catalogue, seed: SEED, cases: 2, random: 100 }));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
const table = new Table({ head: ["kind", "tried", "noticed", "share", "unpromised", "gaps"], style: { head: [] } });
const row = (name: string, tallies: readonly { tried: number; noticed: number; unpromised: number }[]): void => {
  const [tried, noticed, unpromised] = (["tried", "noticed", "unpromised"] as const).map((key) =>
    sum(tallies.map((tally) => tally[key])),
  ) as [number, number, number];
  table.push([name, tried, noticed, percent(noticed, tried), unpromised, tried - noticed - unpromised]);
};
const talliesOf = (kind: (typeof CORRUPTION_KINDS)[number]) => results.flatMap(({ kinds }) => kinds.get(kind) ?? []);
for (const kind of CORRUPTION_KINDS) row(kind, talliesOf(kind));
row("all", CORRUPTION_KINDS.flatMap(talliesOf));
console.log(`seed ${SEED}, emulator ${VERSIONS.join(", ")}`);
console.log(table.toString());

const gaps = new Map<string, number>();
for (const { corruption } of results.flatMap((result) => result.gaps)) {
  const { kind, subject, was, now } = corruption;
  const name = `${kind} of ${subject}${now === undefined ? "" : ` (${was}, said to be ${now})`}`;
  gaps.set(name, (gaps.get(name) ?? 0) + 1);
}
for (const entry of UNPROMISED) {
  const count = sum(results.map(({ unpromised }) => unpromised.get(entry) ?? 0));
  if (count > 0) console.log(`not promised, ${entry.name}: ${count}. ${entry.reason}`);
}
for (const [name, count] of [...gaps].sort((a, b) => b[1] - a[1])) console.log(`gap, ${name}: ${count}`);
