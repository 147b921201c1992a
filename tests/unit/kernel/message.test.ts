import { describe, expect, it } from "vitest";
import { CorruptMessage, decodeMessage, encodeMessage } from "../../../harness/kernel/message.ts";
import { SharedMemory } from "../../../harness/kernel/shared-memory.ts";
import { readOutcome } from "../../../harness/kernel/trace-reader.ts";
import { TRACE_FORMAT, TRACE_VERSION } from "../../../scenario/trace.ts";

describe("a message", () => {
  it("begins with its length and its CRC-32 and is padded to 8 bytes", () => {
    const message = encodeMessage(Buffer.from("123456789"));
    expect(message.length).toBe(24);
    expect(message.readUInt32LE(0)).toBe(9);
    expect(message.readUInt32LE(4)).toBe(0xcbf43926); // the check value of CRC-32
    expect(decodeMessage(message).toString()).toBe("123456789");
  });

  it("may be empty", () => {
    expect(decodeMessage(encodeMessage(new Uint8Array())).length).toBe(0);
  });

  it("with a flipped bit is refused, its bytes shown", () => {
    const message = encodeMessage(Buffer.from("abcdef"));
    message.writeUInt8(message.readUInt8(9) ^ 1, 9);
    expect(() => decodeMessage(message)).toThrow(CorruptMessage);
    expect(() => decodeMessage(message)).toThrow(/checksum .* over 6 bytes, beginning 06000000.*61636364/);
  });

  it("that runs over the end is refused", () => {
    expect(() => decodeMessage(encodeMessage(Buffer.from("abcdef")).subarray(0, 12))).toThrow(/a length of 6 bytes/);
    expect(() => decodeMessage(Buffer.alloc(3))).toThrow(/no header/);
  });
});

describe("the shared memory", () => {
  it("is not done with a batch that no guest has answered", () => {
    const memory = new SharedMemory(false);
    try {
      expect(memory.isBatchDone()).toBe(false);
      memory.putBatch([encodeMessage(Buffer.from("{}"))]);
      expect(memory.isBatchDone()).toBe(false);
      expect(memory.casesDone()).toBe(0);
      expect([...memory.answers(0)]).toEqual([]);
    } finally {
      memory.close();
    }
  });
});

describe("an answer of the agent", () => {
  const trace = { format: TRACE_FORMAT, version: TRACE_VERSION, steps: [], droppedRecords: 0, complaints: [] };

  it.each([
    ["a trace", JSON.stringify(trace), { kind: "trace", trace }],
    ["an error", '{"error":"no JSON"}', { kind: "error", reason: "no JSON" }],
  ])("is %s", (_, line, expected) => {
    expect(readOutcome(line)).toEqual(expected);
  });

  it("that is neither is an error which says where", () => {
    expect(readOutcome("Oops")).toEqual({ kind: "error", reason: "the agent answered no JSON: Oops" });
    expect(readOutcome(JSON.stringify({ ...trace, droppedRecords: -1 }))).toMatchObject({
      kind: "error",
      reason: expect.stringMatching(/^the agent answered no trace: droppedRecords: /),
    });
  });
});
