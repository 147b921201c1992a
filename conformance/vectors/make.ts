/** The vectors of a guarantee: cases chosen and shrunk, with what each kind of release has to show. */
import { openEmulator, releases } from "../../harness/emulator/index.ts";
import { isOfLoading, needsOf } from "../../harness/features.ts";
import type { Harness } from "../../harness/harness.ts";
import { isAtLeast, parseRelease } from "../../scenario/release.ts";
import type { Trace } from "../../scenario/trace.ts";
import type { Guarantee } from "../../specs/guarantee.ts";
import type { Case } from "../cases.ts";
import { inapplicable } from "../jury.ts";
import { isRefusal } from "../refusal.ts";
import { type Candidate, type Chosen, chooseCases } from "./choose.ts";
import { Expecter } from "./expect.ts";
import type { Flags } from "./flags.ts";
import type { Expected, ExpectedStep, Vector, VectorNeeds } from "./format.ts";

/** A dozen of a guarantee. */
const COUNT = 12;

export interface VectorOptions {
  catalogue: readonly Guarantee[];
  /** The release whose cases they are. */
  profile: string;
  seed: number;
  flags: Flags;
  signal?: AbortSignal | undefined;
}

/** What of a trace can be told from another: times and processors are compared otherwise. */
const essenceOf = ({ steps }: Trace): string =>
  JSON.stringify(
    steps.map(({ result, returnValue, value, records }) => [
      result,
      returnValue,
      value,
      records.map(({ site, value: logged, aux }) => [site, logged, aux]),
    ]),
  );

/** Releases that follow each other, as ranges. */
function rangesOf(members: ReadonlySet<string>): Expected["linux"] {
  const ranges: Expected["linux"] = [];
  let isOpen = false;
  for (const release of releases) {
    const last = ranges.at(-1);
    if (members.has(release) && isOpen && last !== undefined) last.to = release;
    else if (members.has(release)) ranges.push({ from: release, to: release });
    isOpen = members.has(release);
  }
  return ranges;
}

const expectsRefusal = ({ result }: ExpectedStep): boolean =>
  result === "refused" || (typeof result === "number" && isRefusal(result));

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

function vectorNeeds({ compiled }: Case, guarantee: Guarantee, expected: readonly Expected[]): VectorNeeds {
  const { mapTypes, programTypes, helpers, kfuncs, steps } = needsOf(compiled);
  const isLoad = (at: number): boolean => compiled.steps[at]?.kind === "load-program";
  const named = compiled.steps.flatMap((step) => (step.kind === "run" ? (step.cpu ?? 0) : 0));
  return {
    executes: steps.some((kind) => !isOfLoading(kind)),
    verifies: expected.some((each) => each.steps.some((step, at) => isLoad(at) && expectsRefusal(step))),
    processors: Math.max(guarantee.processors ?? 1, ...named.map((cpu) => cpu + 1)),
    mapTypes: sorted(mapTypes),
    programTypes: sorted(programTypes),
    helpers: sorted(helpers),
    kfuncs: sorted(kfuncs),
    steps: sorted(steps),
  };
}

/** The emulators of all releases, and what each kind of them expects. */
export class VectorMaker {
  readonly #options: VectorOptions;
  readonly #harnesses: ReadonlyMap<string, Harness>;
  readonly #expecters = new Map<string, Expecter>();

  constructor(options: VectorOptions) {
    this.#options = options;
    this.#harnesses = new Map(releases.map((release) => [release, openEmulator(`emulator:${release}`)]));
  }

  #harness(release: string): Harness {
    const harness = this.#harnesses.get(release);
    if (harness === undefined) throw new RangeError(`there is no profile ${release}`);
    return harness;
  }

  #expecter(release: string): Expecter {
    const { catalogue, flags } = this.#options;
    const known = this.#expecters.get(release) ?? new Expecter(catalogue, this.#harness(release), flags);
    this.#expecters.set(release, known);
    return known;
  }

  /** What is expected of the releases that make the promise and settle what comes of the case, the profile's own kind first. */
  async #expected(item: Case, { since }: Guarantee): Promise<Expected[]> {
    const kinds = new Map<string, { releases: Set<string>; newest: string; trace: Trace }>();
    for (const release of releases) {
      if (!isAtLeast(parseRelease(release), since)) continue;
      const [outcome] = await this.#harness(release).run([item.compiled]);
      if (outcome?.kind !== "trace") throw new Error(`the emulator of ${release} gave no trace`);
      const essence = essenceOf(outcome.trace);
      const kind = kinds.get(essence) ?? { releases: new Set(), newest: release, trace: outcome.trace };
      kinds.set(essence, { ...kind, newest: release, trace: outcome.trace });
      kind.releases.add(release);
    }
    const expected: Expected[] = [];
    for (const { releases: members, newest, trace } of kinds.values()) {
      const { isDetermined, flags, steps } = this.#expecter(newest).expect(item, trace);
      if (!isDetermined) continue;
      const entry = { linux: rangesOf(members), flags, steps };
      if (members.has(this.#options.profile)) expected.unshift(entry);
      else expected.push(entry);
    }
    return expected;
  }

  /** The vectors of a guarantee, with their numbers; none where the profile does not make the promise. */
  async vectorsOf(guarantee: Guarantee): Promise<Vector[]> {
    const { profile, seed, signal } = this.#options;
    const harness = this.#harness(profile);
    if (inapplicable(guarantee, harness) !== undefined) return [];
    const isFit = ({ item, trace }: Candidate): boolean => this.#expecter(profile).expect(item, trace).isDetermined;
    const chosen = await chooseCases(guarantee, { harness, seed, count: COUNT, isFit, signal });
    const vectors = await Promise.all(chosen.map((each) => this.#vector(each, guarantee)));
    return vectors.map((vector, at) => ({ id: at + 1, ...vector }));
  }

  async #vector({ item, clauses, brings }: Chosen, guarantee: Guarantee): Promise<Omit<Vector, "id">> {
    const expected = await this.#expected(item, guarantee);
    const needs = vectorNeeds(item, guarantee, expected);
    return { clauses: [...clauses], features: [...brings], needs, scenario: item.compiled, expected, confirmedOn: [] };
  }
}
