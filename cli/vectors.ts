/** `timerconf vectors`: cases with what has to be observed in them, as files that anyone can read. */
import { join } from "node:path";
import { checkRuntimeNames, openRuntime } from "../conformance/runtime.ts";
import { confirm } from "../conformance/vectors/confirm.ts";
import { vectorsFile } from "../conformance/vectors/file.ts";
import { Flags } from "../conformance/vectors/flags.ts";
import type { Vector } from "../conformance/vectors/format.ts";
import { VectorMaker } from "../conformance/vectors/make.ts";
import { profileOf } from "../harness/emulator/index.ts";
import type { Harness } from "../harness/harness.ts";
import { writeAtomically } from "../reports/atomic-write.ts";
import { makeFolder } from "../reports/make-folder.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError } from "./or-usage-error.ts";
import { Progress } from "./progress.ts";
import { selectGuarantees } from "./select-guarantees.ts";
import { UsageError } from "./usage-error.ts";

export interface VectorsCommandOptions {
  guarantee: readonly string[];
  profile: string;
  seed: number;
  /** The runtimes on which each vector is tried before it is written. */
  confirm: readonly string[];
}

/** Vectors with those who confirmed them, and what was said of the others. */
interface Tried {
  vectors: Vector[];
  complaints: string[];
  confirmed: number;
  notAsked: number;
}

/** Puts vectors to runtimes; those that one contradicts, or that none could be asked, are left out. */
async function tryOn(id: string, vectors: readonly Vector[], harnesses: readonly Harness[]): Promise<Tried> {
  const tried: Tried = { vectors: [...vectors], complaints: [], confirmed: 0, notAsked: 0 };
  for (const harness of harnesses) {
    const confirmations = await confirm(tried.vectors, harness);
    tried.vectors = tried.vectors.flatMap((vector, at) => {
      const confirmation = confirmations[at];
      if (confirmation?.kind === "differs") {
        tried.complaints.push(`${id} ${vector.id} left out: on ${harness.name}, ${confirmation.difference}`);
        return [];
      }
      if (confirmation?.kind !== "confirmed") {
        tried.notAsked++;
        return [vector];
      }
      tried.confirmed++;
      return [{ ...vector, confirmedOn: [...vector.confirmedOn, harness.name] }];
    });
  }
  if (harnesses.length === 0) return tried;
  const isConfirmed = ({ confirmedOn }: Vector): boolean => confirmedOn.length > 0;
  for (const vector of tried.vectors)
    if (!isConfirmed(vector)) tried.complaints.push(`${id} ${vector.id} left out: no runtime could be asked`);
  return { ...tried, vectors: tried.vectors.filter(isConfirmed) };
}

const write = (path: string, value: object): Promise<void> =>
  orUsageError(`cannot write to ${path}`, () => writeAtomically(path, `${JSON.stringify(value, null, 1)}\n`));

interface Written {
  vectors: number;
  files: number;
  complaints: number;
  confirmed: number;
  notAsked: number;
}

/** Writes what the runtimes confirm. */
async function writeAll(
  folder: string,
  guarantees: readonly Guarantee[],
  { harnesses, maker, about, io }: Writer,
): Promise<Written> {
  const progress = new Progress(io.err);
  const count: Written = { vectors: 0, files: 0, complaints: 0, confirmed: 0, notAsked: 0 };
  for (const guarantee of guarantees) {
    io.signal.throwIfAborted();
    progress.say(guarantee.id);
    const made = await maker.vectorsOf(guarantee);
    const { vectors, complaints, confirmed, notAsked } = await tryOn(guarantee.id, made, harnesses);
    progress.clear();
    for (const complaint of complaints) io.out.write(`${complaint}\n`);
    count.complaints += complaints.length;
    count.confirmed += confirmed;
    count.notAsked += notAsked;
    if (vectors.length === 0) continue;
    await write(join(folder, `${guarantee.id}.json`), vectorsFile(guarantee, vectors, about));
    count.files++;
    count.vectors += vectors.length;
  }
  return count;
}

interface Writer {
  harnesses: readonly Harness[];
  maker: VectorMaker;
  about: Parameters<typeof vectorsFile>[2];
  io: Io;
}

/**
 * Writes the vectors of each guarantee into a folder, one file a guarantee.
 * @throws {UsageError | UnknownRuntime} where a name means nothing, or a file cannot be written
 * @throws {RuntimeUnavailable} where a runtime cannot be run
 */
export async function vectorsCommand(folder: string, options: VectorsCommandOptions, io: Io): Promise<ExitCode> {
  const { profile, seed } = options;
  if (profileOf(profile) === undefined) throw new UsageError(`there is no emulator of Linux ${profile}`);
  checkRuntimeNames(options.confirm);
  const catalogue = await loadCatalogue();
  const guarantees = selectGuarantees(catalogue, options.guarantee);
  await orUsageError(`cannot write to ${folder}`, () => makeFolder(folder));
  const flags = new Flags();
  const maker = new VectorMaker({ catalogue, profile, seed, flags, signal: io.signal });
  const harnesses: Harness[] = [];
  try {
    const progress = new Progress(io.err);
    for (const name of options.confirm)
      harnesses.push(await openRuntime(name, { signal: io.signal, progress: (line) => progress.say(line) }));
    progress.clear();
    const confirmation = harnesses.map(({ name, version }) => ({ runtime: name, version }));
    const about = { profile, seed, confirmation, flags };
    const count = await writeAll(folder, guarantees, { harnesses, maker, about, io });
    io.out.write(`${count.vectors} vectors of ${count.files} guarantees in ${folder}, ${count.complaints} left out\n`);
    if (harnesses.length > 0)
      io.out.write(`${count.confirmed} confirmations, ${count.notAsked} times a runtime could not be asked\n`);
    return count.complaints === 0 ? EXIT.ok : EXIT.found;
  } finally {
    await Promise.all(harnesses.map((harness) => harness.close()));
  }
}
