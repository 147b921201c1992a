/** The JSON Schemas of what is said in the protocol, and of files, from the zod schemas that read it. */
import { z } from "zod";
import { answerSchema, greetingSchema, helloSchema, requestSchema } from "../harness/process/protocol.ts";
import { compiledScenarioSchema } from "../scenario/compiled-scenario.ts";
import { traceSchema } from "../scenario/trace.ts";
import { vectorsFileSchema } from "./vectors/format.ts";

const SCHEMAS = {
  greeting: { title: "The first line from the suite", schema: greetingSchema },
  hello: { title: "The first line from the runtime", schema: helloSchema },
  request: { title: "A case, as a line from the suite", schema: requestSchema },
  answer: { title: "An answer, as a line from the runtime", schema: answerSchema },
  case: { title: "A saved case", schema: compiledScenarioSchema },
  trace: { title: "A trace", schema: traceSchema },
  vectors: { title: "The test vectors of a guarantee", schema: vectorsFileSchema },
} as const satisfies Record<string, { title: string; schema: z.ZodType }>;

/** Each schema's text, by the name of its file: `hello.schema.json`. */
export const schemaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(SCHEMAS).map(([name, { title, schema }]) => [
      `${name}.schema.json`,
      `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: "input" }) }, null, 2)}\n`,
    ]),
  );
