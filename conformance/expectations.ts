/**
 * Expectations: what a user knows to differ on a runtime of theirs, and until when they accept it. They are data of the
 * user, beside the divergences of the catalogue, and as sharp.
 */
import { z } from "zod";
import { ScenarioError } from "../scenario/scenario-error.ts";
import type { Guarantee, Violation } from "../specs/guarantee.ts";

const common = {
  /** The runtimes it is for; `*` stands for any text. */
  runtime: z.string().min(1),
  /** Why it is accepted. */
  reason: z.string().min(1),
  /** The last day on which it is, 2027-01-31. */
  until: z.iso.date(),
};

export const expectationSchema = z.union([
  z.strictObject({
    guarantee: z.string(),
    /** One of its clauses; all of them where it is left out. */
    clause: z.string().optional(),
    /** Part of what is observed, as the report has it. */
    seen: z.string().min(1),
    ...common,
  }),
  z.strictObject({
    /** Part of a complaint of the kernel. */
    complaint: z.string().min(1),
    ...common,
  }),
]);
type ExpectationEntry = z.infer<typeof expectationSchema>;

export const expectationsSchema = z.array(expectationSchema);

/** Whether a name fits a pattern in which `*` stands for any text. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}

export class Expectation {
  readonly entry: ExpectationEntry;

  constructor(entry: ExpectationEntry) {
    this.entry = entry;
  }

  /** What it is called in reports. */
  get name(): string {
    const { entry } = this;
    if ("complaint" in entry) return `complaint "${entry.complaint}"`;
    return `${entry.guarantee}${entry.clause === undefined ? "" : `/${entry.clause}`} "${entry.seen}"`;
  }

  isFor(runtime: string): boolean {
    return fits(this.entry.runtime, runtime);
  }

  concerns(guarantee: string, clause: string): boolean {
    const { entry } = this;
    return "complaint" in entry || (entry.guarantee === guarantee && (entry.clause ?? clause) === clause);
  }

  isSeenIn({ observed, subject }: Violation): boolean {
    const { entry } = this;
    return "seen" in entry
      ? observed.includes(entry.seen)
      : subject === "complaint" && observed.includes(entry.complaint);
  }

  /** Whether it is about this complaint of a kernel. */
  isComplaint(text: string): boolean {
    const { entry } = this;
    return "complaint" in entry && text.includes(entry.complaint);
  }
}

function checkNames(entry: ExpectationEntry, catalogue: readonly Guarantee[], where: string): void {
  if (!("guarantee" in entry)) return;
  const guarantee = catalogue.find(({ id }) => id === entry.guarantee);
  if (guarantee === undefined)
    throw new ScenarioError(`${where} names the guarantee ${entry.guarantee}, which there is not: see timerconf list`);
  if (entry.clause !== undefined && !guarantee.clauses.some(({ name }) => name === entry.clause))
    throw new ScenarioError(
      `${where} names the clause ${entry.clause}, which ${entry.guarantee} has not: it has ${guarantee.clauses.map(({ name }) => name).join(", ")}`,
    );
}

/**
 * The expectations that a JSON value holds.
 * @param source what to call it in errors
 * @param today as 2026-11-25
 * @throws {ScenarioError} where it is of another form, names what is not in the catalogue, or has expired
 */
export function parseExpectations(
  value: unknown,
  { source, catalogue, today }: { source: string; catalogue: readonly Guarantee[]; today: string },
): Expectation[] {
  const parsed = expectationsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? "" : ` entry ${issue.path.map(String).join(".")}:`;
    throw new ScenarioError(`${source} holds no expectations:${place} ${issue?.message ?? "unreadable"}`);
  }
  return parsed.data.map((entry, index) => {
    const where = `${source}, entry ${index}`;
    checkNames(entry, catalogue, where);
    if (entry.until < today)
      throw new ScenarioError(`${where} expired on ${entry.until}: mend what it excuses, or say until when it goes on`);
    return new Expectation(entry);
  });
}
