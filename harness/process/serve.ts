/** Any runtime that is reached through a harness, as one that speaks the protocol: the other side of it. */
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import type { Harness, Outcome } from "../harness.ts";
import { jsonOf, KnownShapes } from "./known-shapes.ts";
import { Lines } from "./lines.ts";
import { type Answer, greetingSchema, type Hello, PROTOCOL_VERSION, type Request, requestSchema } from "./protocol.ts";

/** The longest request. */
const LINE_BYTES_MAX = 64 << 20;

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

const shapes = new KnownShapes();
const idSchema = z.looseObject({ id: z.int().nonnegative() });

/**
 * The request in a line, or what is to be answered where it cannot be read.
 * @throws {ProtocolMismatch} where it does not even say which case it is
 */
function readRequest(line: string): Request | Answer {
  const known = shapes.read(line);
  if (known !== undefined) return known;
  const value = jsonOf(line);
  const request = requestSchema.safeParse(value);
  if (request.success) {
    shapes.remember(line, request.data);
    return request.data;
  }
  const { data } = idSchema.safeParse(value);
  if (data === undefined) throw new ProtocolMismatch("a line is no request: it is no JSON, or names no case");
  const [issue] = request.error.issues;
  return { id: data.id, error: `malformed request: ${issue?.path.join(".")}: ${issue?.message}` };
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
  const lines = new Lines(LINE_BYTES_MAX);
  for await (const bytes of input) {
    for (const line of lines.in(bytes as Buffer)) {
      if (isGreeted) waiting.push(line);
      else checkGreeting(line);
      isGreeted = true;
    }
    while (waiting.length > 0) await work();
  }
}

function checkGreeting(line: string): void {
  const value = jsonOf(line);
  const protocol = typeof value === "object" && value !== null && "protocol" in value ? value.protocol : "none";
  if (greetingSchema.safeParse(value).success) return;
  throw new ProtocolMismatch(`the other side speaks protocol ${protocol}, this is ${PROTOCOL_VERSION}`);
}
