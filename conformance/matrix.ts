/** A run over many kernels that can be cut short and taken up again: what it was asked, and what it knows already. */
import { z } from "zod";
import type { GuaranteeResult, Results, RuntimeResult } from "./results.ts";

/** All that decides the results: two runs that were asked the same find the same. */
export const requestSchema = z.strictObject({
  /** Of timerconf. */
  version: z.string(),
  seed: z.int(),
  cases: z.int(),
  runtimes: z.array(z.string()),
  guarantees: z.array(z.string()),
  /** The digests of the images among the runtimes that are files: they may be built anew under the same name. */
  images: z.array(z.string()),
  /** What was added to every machine. */
  append: z.array(z.string()),
  qemuArg: z.array(z.string()),
});
export type Request = z.infer<typeof requestSchema>;

/**
 * The seed to take: the one asked for, else that of an earlier run which was asked the same and is not complete, else
 * `otherwise`.
 */
export function seedOf(
  asked: Omit<Request, "seed"> & { seed?: number },
  earlier: Request | undefined,
  otherwise: number,
) {
  if (asked.seed !== undefined) return asked.seed;
  return earlier !== undefined && isSame({ ...asked, seed: earlier.seed }, earlier) ? earlier.seed : otherwise;
}

/** Whether two runs were asked the same. */
export function isSame(one: Request, other: Request): boolean {
  const text = (request: Request) => JSON.stringify(requestSchema.parse(request));
  return text(one) === text(other);
}

/** What is known of one runtime: what it was, and its verdicts by guarantee. */
export interface Earlier {
  runtime: RuntimeResult;
  results: ReadonlyMap<string, GuaranteeResult>;
}

/** What an earlier run found out about a runtime. An error is no verdict, and its cases are run again. */
export function earlierOf(earlier: Results | undefined, name: string): Earlier | undefined {
  const runtime = earlier?.runtimes.find((each) => each.name === name);
  if (earlier === undefined || runtime === undefined || runtime.version === "") return undefined;
  const known = earlier.results.filter(({ runtime: of, verdict }) => of === name && verdict !== "error");
  const { version, drawn } = runtime;
  return {
    runtime: { name, version, status: "ran", drawn },
    results: new Map(known.map((result) => [result.guarantee, result])),
  };
}
