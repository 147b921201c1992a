/**
 * A runtime for tests: it answers each case with a trace in which all succeeds and nothing fires, and misbehaves as its
 * argument says. Plain Node, no build, nothing of ours imported.
 */
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , which = "2", how = "honest", marker = ""] = process.argv;
/** At which case it misbehaves. A case is told by its steps, so that it is the same one when it is run alone. */
const WHEN = Number(which);

const hello = {
  protocol: 1,
  name: "fake",
  version: "1",
  executes: true,
  verifies: true,
  processors: 1,
  ...(how === "slow-clock" ? { clock: { kind: "real", latenessNs: 5_000_000 }, parallel: 4 } : {}),
};

const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

function traceOf({ steps }) {
  const given = steps.map((_, at) => ({ result: 0, timeNs: at, records: [] }));
  return { format: "bpf-timer-conformance/trace", version: 1, steps: given, droppedRecords: 0, complaints: [] };
}

const HELLOS = {
  "no-hello": () => undefined,
  "exits-before-hello": () => process.exit(3),
  "newer-protocol": () => write({ ...hello, protocol: 2 }),
  "hello-is-garbage": () => process.stdout.write("hello there\n"),
  "exits-after-hello": () => process.stdout.write(`${JSON.stringify(hello)}\n`, () => process.exit(0)),
};
(HELLOS[how] ?? (() => write(hello)))();

/** What it does with the case at which it misbehaves, in place of answering; `answer` does that. */
const MISDEEDS = {
  never: () => undefined,
  late: (answer) => setTimeout(answer, 1500),
  twice: (answer) => {
    answer();
    answer();
  },
  garbage: (answer) => {
    process.stdout.write("\x1b[31m{not json\n");
    answer();
  },
  "not-an-answer": () => write({ hello: "again" }),
  "another-case": (_, id) => write({ id: id + 1000, trace: traceOf({ steps: [] }) }),
  huge: () => process.stdout.write("x".repeat(100 << 20)),
  "huge-line": () => process.stdout.write(`${"x".repeat(100 << 20)}\n`),
  "stderr-flood": (answer) => process.stderr.write("flood ".repeat(4 << 20), () => answer()),
  crash: () => process.kill(process.pid, "SIGSEGV"),
  exit: () => process.exit(7),
  fork: (answer) => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    process.stderr.write(`child ${child.pid}\n`, () => process.exit(0));
    void answer;
  },
  "closes-output": () => {
    process.stdout.end();
    setInterval(() => undefined, 1000);
  },
  "closes-input": (answer) => {
    process.stdin.destroy();
    answer();
    setInterval(() => undefined, 1000);
  },
  "too-few-steps": (_, id) => write({ id, trace: traceOf({ steps: [] }) }),
  "site-out-of-range": (_, id, scenario) => {
    const trace = traceOf(scenario);
    trace.steps[0].records.push({ site: 99, cpu: 0, timeNs: 0, value: 0, aux: 0 });
    write({ id, trace });
  },
  "cpu-out-of-range": (_, id, scenario) => {
    const trace = traceOf(scenario);
    trace.steps[0].records.push({ site: 0, cpu: 9, timeNs: 0, value: 0, aux: 0 });
    write({ id, trace });
  },
  "wrong-type": (_, id, scenario) => {
    const trace = traceOf(scenario);
    trace.steps[0].result = "0";
    write({ id, trace });
  },
  "says-error": (_, id) => write({ id, error: "out\nof memory" }),
};

/** Whether this is the case; where it misbehaves but once, a file says that it has. */
function isBad({ steps }) {
  const last = steps.length === WHEN + 1;
  if (marker === "") return last;
  if (!last || existsSync(marker)) return false;
  writeFileSync(marker, "");
  return true;
}

const held = [];
for await (const line of createInterface({ input: process.stdin })) {
  const { id, scenario, protocol } = JSON.parse(line);
  if (protocol !== undefined) continue;
  const answer = () => write({ id, trace: traceOf(scenario) });
  if (how === "out-of-order") {
    held.push(answer);
    if (held.length === 4) for (const each of held.splice(0).reverse()) each();
    continue;
  }
  const isIt = isBad(scenario);
  const misdeed = isIt ? MISDEEDS[how.replace(/-once$/, "")] : undefined;
  if (misdeed === undefined) answer();
  else misdeed(answer, id, scenario);
}
