/** Any runtime that is reached through a harness, as one that speaks the protocol: the other side of it. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Harness, Outcome } from "../harness.ts";
import { type Answer, greetingSchema, type Hello, PROTOCOL_VERSION, type Request, requestSchema } from "./protocol.ts";

/** How many lines are executed in one go where as many are there. */
const BATCH = 64;

/** What a harness is, as its hello says it. */
function helloOf({ version, linux, clock, processors, features }: Harness, name: string): Hello {
  return {
    protocol: PROTOCOL_VERSION,
    name,
    version,
    ...(linux === undefined ? {} : { linux: `${linux.major}.${linux.minor}` }),
    executes: features?.executes ?? true,
    verifies: features?.verifies ?? true,
    ...features,
    processors,
    clock: { kind: clock.kind, latenessNs: clock.latenessNs },
    parallel: 1,
  };
}

function answerOf(id: number, outcome: Outcome | undefined): Answer {
  if (outcome?.kind === "trace") return { id, trace: outcome.trace };
  return { id, error: outcome?.reason ?? "the runtime gave no outcome" };
}

const idSchema = z.looseObject({ id: z.int().nonnegative() });
const partsSchema = z.strictObject({
  id: z.int().nonnegative(),
  scenario: z.looseObject({ steps: z.unknown(), parameters: z.unknown() }),
});
const { steps: stepsSchema, parameters: parametersSchema } = requestSchema.shape.scenario.shape;
const shapeSchema = requestSchema.shape.scenario.omit({ steps: true, parameters: true });
type Shape = z.infer<typeof shapeSchema>;

/** As many shapes as are kept: a case of a known one is read in a third of the time. */
const SHAPES_MAX = 1024;
const shapes = new Map<string, Shape>();

/** The shape of a case, the same object for each case of that shape. */
function readShape(value: unknown): Shape {
  const key = JSON.stringify(value);
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const shape = shapeSchema.parse(value);
  if (shapes.size >= SHAPES_MAX) shapes.clear();
  shapes.set(key, shape);
  return shape;
}

function readScenario({ steps, parameters, ...shape }: z.infer<typeof partsSchema>["scenario"]): CompiledScenario {
  return { ...readShape(shape), parameters: parametersSchema.parse(parameters), steps: stepsSchema.parse(steps) };
}

/**
 * The request in a line, or what is to be answered where it cannot be read.
 * @throws {ProtocolMismatch} where it does not even say which case it is
 */
function readRequest(line: string): Request | Answer {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolMismatch("a line is no JSON");
  }
  const { data } = idSchema.safeParse(value);
  if (data === undefined) throw new ProtocolMismatch("a line names no case");
  try {
    const { id, scenario } = partsSchema.parse(value);
    return { id, scenario: readScenario(scenario) };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    return { id: data.id, error: `malformed request: ${issue?.path.join(".")}: ${issue?.message}` };
  }
}

export interface Streams {
  input: Readable;
  output: Writable;
}

/** The other side speaks something else; the message says what. */
export class ProtocolMismatch extends Error {
  override readonly name = "ProtocolMismatch";
}

/**
 * Answers cases until the input ends.
 * @throws {ProtocolMismatch} where the other side speaks another version, or none
 */
export async function serve(harness: Harness, name: string, { input, output }: Streams): Promise<void> {
  const write = (value: object) =>
    new Promise<void>((resolve) => {
      output.write(`${JSON.stringify(value)}\n`, () => resolve());
    });
  await write(helloOf(harness, name));
  const waiting: string[] = [];
  let isGreeted = false;
  let working = Promise.resolve();
  const work = async () => {
    const lines = waiting.splice(0, BATCH);
    const requests = lines.map(readRequest);
    const asked = requests.flatMap((request) => ("scenario" in request ? [request] : []));
    const outcomes = await harness.run(asked.map(({ scenario }) => scenario));
    const answers = requests.map((request) =>
      "scenario" in request ? answerOf(request.id, outcomes[asked.indexOf(request)]) : request,
    );
    output.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(""));
  };
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!isGreeted) {
      checkGreeting(line);
      isGreeted = true;
      continue;
    }
    waiting.push(line);
    working = working.then(work);
  }
  await working;
}

function checkGreeting(line: string): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolMismatch("the first line is no greeting");
  }
  const protocol = typeof value === "object" && value !== null && "protocol" in value ? value.protocol : "none";
  if (greetingSchema.safeParse(value).success) return;
  throw new ProtocolMismatch(`the other side speaks protocol ${protocol}, this is ${PROTOCOL_VERSION}`);
}
