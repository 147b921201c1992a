/** The commands of `timerconf` and their options, in one place. A command's code is loaded when it is called. */
import { Command, Option } from "commander";
import type { DiffCommandOptions } from "./diff.ts";
import { EXIT_CODES_HELP, type ExitCode } from "./exit-code.ts";
import type { ExportCommandOptions } from "./export.ts";
import { complain, type Io } from "./io.ts";
import type { ListCommandOptions } from "./list.ts";
import type { MatrixCommandOptions } from "./matrix.ts";
import { casesOption, collect, kernelsOption, type MachineOptions, randomSeed, seedOption } from "./options.ts";
import type { ReplayCommandOptions } from "./replay.ts";
import type { RunCommandOptions } from "./run.ts";
import type { FindingsCommandOptions, SpecCommandOptions } from "./spec.ts";
import type { VectorsCommandOptions } from "./vectors.ts";

/** Options as commander hands them over, before a seed is drawn for who gave none. */
type Unseeded<T extends { seed: number }> = Omit<T, "seed"> & { seed?: number };

const RUNTIMES_HELP = `
Runtimes:
  emulator[:SERIES][+fault=NAME]  the emulator as a kernel of that series, with a deliberate defect
  kernel[:SERIES]                 a Debian kernel of that series in QEMU; 6.12-rt is a real-time one
  kernel:PATH                     a bzImage of your own in QEMU
  process:COMMAND                 any other runtime, as a program that speaks docs/PROTOCOL.md
  verify:COMMAND {elf}            a verifier that is given an object and exits with 0 if it would load it; docs/OBJECTS.md`;

const DEFAULT_OUT = "out";

/** Commander's complaints may have several lines; ours have one. */
const oneLine = (text: string): string =>
  text
    .trim()
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ");

const repeatable = (flags: string, description: string, otherwise: string): Option =>
  new Option(flags, `${description}; may be repeated`).argParser(collect).default([], otherwise);

const append = (): Option => repeatable("--append <text>", "text for the command line of kernels", "none");
const expect = (): Option =>
  repeatable("--expect <file>", "what is known to differ, as JSON; see docs/EXPECTATIONS.md", "none");
const guarantees = (): Option =>
  new Option("--guarantees <dir>", "a folder of guarantees of your own that join these; see docs/LIBRARY.md");
const strict = (): Option => new Option("--strict", "exit 1 where a recorded divergence no longer shows");
const qemuArg = (): Option => repeatable("--qemu-arg <arg>", "one more argument for the QEMU of kernels", "none");

function addRun(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("run")
    .summary("judge the guarantees on runtimes")
    .description("Run generated cases of every guarantee on each runtime, judge them, and shrink what is violated.")
    .addOption(repeatable("--runtime <runtime>", "runtime under test", "emulator and kernel"))
    .addOption(repeatable("--guarantee <glob>", "ids to check, such as 'init.*'", "all"))
    .addOption(guarantees())
    .option("--cases <n>", "cases to draw for each guarantee", casesOption, 100)
    .option("--seed <seed>", "what all cases are drawn from (default: random, and printed)", seedOption)
    .option("--out <dir>", "where report.json and counterexamples go", DEFAULT_OUT)
    .option("--require-kernel", "exit 3 where a kernel cannot be run, instead of going on without")
    .addOption(expect())
    .addOption(strict())
    .addOption(append())
    .addOption(qemuArg())
    .action(async ({ seed = randomSeed(), ...options }: Unseeded<RunCommandOptions>) => {
      const { runCommand } = await import("./run.ts");
      exit(await runCommand({ seed, ...options }, io));
    });
}

function addMatrix(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("matrix")
    .summary("judge the guarantees on many kernels")
    .description(
      "Run every guarantee on each kernel, into one table and one report. Run again, it goes on where it was cut short.",
    )
    .requiredOption("--kernels <list>", "series or images, such as 6.1,6.12,./bzImage", kernelsOption)
    .addOption(repeatable("--guarantee <glob>", "ids to check, such as 'init.*'", "all"))
    .option("--cases <n>", "cases to draw for each guarantee", casesOption, 100)
    .option("--seed <seed>", "what all cases are drawn from (default: that of a run cut short, or random)", seedOption)
    .option("--out <dir>", "where report.json and counterexamples go", DEFAULT_OUT)
    .addOption(expect())
    .addOption(strict())
    .addOption(append())
    .addOption(qemuArg())
    .action(async (options: MatrixCommandOptions) => {
      const { matrixCommand } = await import("./matrix.ts");
      exit(await matrixCommand(options, io));
    });
}

function addDiff(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("diff")
    .summary("compare two runtimes on random scenarios")
    .description("Run random scenarios on two runtimes, shrink the first on which they differ, and judge every trace.")
    .argument("<left>", "a runtime")
    .argument("<right>", "another runtime")
    .option("--cases <n>", "scenarios to draw", casesOption, 100)
    .option("--seed <seed>", "what they are drawn from (default: random, and printed)", seedOption)
    .option("--out <dir>", "where what is found is saved", DEFAULT_OUT)
    .addOption(expect())
    .addOption(append())
    .addOption(qemuArg())
    .action(async (left: string, right: string, { seed = randomSeed(), ...options }: Unseeded<DiffCommandOptions>) => {
      const { diffCommand } = await import("./diff.ts");
      exit(await diffCommand(left, right, { seed, ...options }, io));
    });
}

function addReplay(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("replay")
    .summary("run a saved case again")
    .description("Run a saved case, byte for byte, and let all guarantees judge it, first its own.")
    .argument("<file>", "a case that run or diff has saved, or a scenario that is not compiled")
    .requiredOption("--runtime <runtime>", "runtime to run it on")
    .addOption(guarantees())
    .addOption(expect())
    .addOption(append())
    .addOption(qemuArg())
    .action(async (file: string, options: ReplayCommandOptions) => {
      const { replayCommand } = await import("./replay.ts");
      exit(await replayCommand(file, options, io));
    });
}

function addCompile(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("compile")
    .summary("make a case of a scenario")
    .description("Compile a scenario that is written down as JSON (maps, programs, steps) to a case that replay runs.")
    .argument("<file>", "the scenario")
    .option("--out <file>", "where the case goes, instead of stdout")
    .action(async (file: string, options: { out?: string }) => {
      const { compileCommand } = await import("./compile.ts");
      exit(await compileCommand(file, options, io));
    });
}

function addListings(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("list")
    .summary("list the guarantees and faults")
    .description("List the guarantees, and the faults of the emulator.")
    .addOption(guarantees())
    .option("--json", "for programs")
    .action(async (options: ListCommandOptions) => {
      const { listCommand } = await import("./list.ts");
      exit(await listCommand(options, io));
    });
}

function addKernels(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  const kernels = program
    .command("kernels")
    .summary("list or fetch kernels")
    .description("List the kernels that can be had, and those in the cache.")
    .helpCommand(false)
    .action(async () => {
      const { kernelsCommand } = await import("./kernels.ts");
      exit(kernelsCommand(io));
    });
  kernels
    .command("fetch")
    .summary("put kernels into the cache")
    .description("Put Debian's kernels of these series into the cache, unless they are there.")
    .argument("<series...>", "such as 6.12, or 6.12-rt for the real-time kernel")
    .action(async (series: string[]) => {
      const { fetchKernelsCommand } = await import("./kernels.ts");
      exit(await fetchKernelsCommand(series, io));
    });
}

function addServe(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("serve")
    .summary("be a runtime for another program")
    .description("Speak the protocol of process: runtimes on standard input and output; see docs/PROTOCOL.md.")
    .requiredOption("--runtime <runtime>", "the runtime that executes what is asked")
    .action(async (options: { runtime: string }) => {
      const { serveCommand } = await import("./serve.ts");
      exit(await serveCommand(options, io));
    });
}

function addAgent(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("agent")
    .summary("write the program that runs cases on its own kernel")
    .description("Build the static binary that, as root on a Linux machine, is a process: runtime for its kernel.")
    .requiredOption("--out <file>", "where it goes")
    .action(async (options: { out: string }) => {
      const { agentCommand } = await import("./agent.ts");
      exit(await agentCommand(options, io));
    });
}

function addExport(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("export")
    .summary("write cases as ELF objects")
    .description(
      "Write the maps and programs of cases as objects that libbpf loads, each with its expected result on every release; see docs/OBJECTS.md.",
    )
    .argument("[file]", "a case that run or diff has saved; without it, those of --guarantee")
    .addOption(repeatable("--guarantee <glob>", "ids of guarantees whose cases to draw", "none"))
    .requiredOption("--elf <dir>", "where the objects go")
    .option("--cases <n>", "cases to draw for each guarantee", casesOption, 10)
    .option("--seed <seed>", "what they are drawn from (default: random)", seedOption)
    .action(async (file: string | undefined, { seed = randomSeed(), ...options }: Unseeded<ExportCommandOptions>) => {
      const { exportCommand } = await import("./export.ts");
      exit(await exportCommand(file, { seed, ...options }, io));
    });
}

function addBisectRun(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("bisect-run")
    .summary("one saved case on one kernel, for git bisect run")
    .description("Run a saved case on a kernel image. Exit codes: 0 good, 1 bad, 125 cannot tell, 128 stop bisecting.")
    .argument("<bzimage>", "the kernel just built, such as arch/x86/boot/bzImage")
    .argument("<file>", "a case that run has saved")
    .addOption(append())
    .addOption(qemuArg())
    .action(async (image: string, file: string, options: MachineOptions) => {
      const { bisectRunCommand } = await import("./bisect-run.ts");
      exit(await bisectRunCommand(image, file, options, io));
    });
}

function addReferences(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  const reports = () => repeatable("--report <path>", "a report.json of a run, or a folder of them", "none");
  program
    .command("spec")
    .summary("print the reference of the guarantees")
    .description("Print every guarantee with its sources, what runs made of it, and an example.")
    .addOption(new Option("--format <format>", "how it is written").choices(["md", "html", "json"]).default("md"))
    .addOption(reports())
    .option("--out <file>", "where to, instead of stdout")
    .action(async (options: SpecCommandOptions) => {
      const { specCommand } = await import("./spec.ts");
      exit(await specCommand(options, io));
    });
  program
    .command("findings")
    .summary("print where kernels differ from their documentation")
    .description("Print every known divergence, in Markdown.")
    .addOption(reports())
    .option("--cases <dir>", "save the smallest case that shows each, there")
    .option("--out <file>", "where to, instead of stdout")
    .action(async (options: FindingsCommandOptions) => {
      const { findingsCommand } = await import("./spec.ts");
      exit(await findingsCommand(options, io));
    });
}

function addSchemas(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("schemas")
    .summary("write the JSON Schemas of the protocol")
    .description("Write the JSON Schemas of the protocol, saved cases and vectors; docs/schemas holds them too.")
    .requiredOption("--out <dir>", "where they go")
    .action(async (options: { out: string }) => {
      const { schemasCommand } = await import("./schemas.ts");
      exit(await schemasCommand(options, io));
    });
}

function addVectors(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command("vectors")
    .summary("write test vectors")
    .description("Write fixed cases of every guarantee with what has to be observed in each; see docs/VECTORS.md.")
    .argument("<dir>", "where they go, one file a guarantee")
    .addOption(repeatable("--guarantee <glob>", "ids to write, such as 'init.*'", "all"))
    .option("--profile <release>", "the Linux release whose cases they are", "6.12")
    .option("--seed <seed>", "what they are drawn from", seedOption, 1)
    .addOption(repeatable("--confirm <runtime>", "a runtime to try each on before it is written", "none"))
    .action(async (folder: string, options: VectorsCommandOptions) => {
      const { vectorsCommand } = await import("./vectors.ts");
      exit(await vectorsCommand(folder, options, io));
    });
}

/** The command line; `exit` is told the exit code of the command that ran. */
export function buildProgram(io: Io, exit: (code: ExitCode) => void): Command {
  const program = new Command("timerconf")
    .description("Check what the Linux BPF timer helpers promise, on an emulator and on real kernels.")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      outputError: (text) => complain(io, oneLine(text)),
      getOutHelpWidth: () => io.out.columns,
      getErrHelpWidth: () => io.err.columns,
    })
    .addHelpText("after", RUNTIMES_HELP)
    .addHelpText("after", EXIT_CODES_HELP);
  for (const add of [
    addRun,
    addMatrix,
    addDiff,
    addReplay,
    addExport,
    addCompile,
    addBisectRun,
    addServe,
    addAgent,
    addListings,
    addKernels,
    addReferences,
    addSchemas,
    addVectors,
  ])
    add(program, io, exit);
  return program;
}
