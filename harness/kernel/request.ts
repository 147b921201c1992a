/** What one guest is handed for a scenario; the guest's side is agent/message.h. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { ShapeTexts } from "../shape-text.ts";
import { encodeMessage } from "./message.ts";
import { mayReuse } from "./reuse.ts";

/** As many shapes as the agent keeps. */
const SLOTS_MAX = 256;

const NOTHING = Buffer.alloc(0);

/** The guest needs no call sites. */
const shapes = new ShapeTexts(({ format, version, btf, maps, logMap, programs }) => ({
  format,
  version,
  btf,
  maps,
  logMap,
  programs,
}));

/**
 * The requests to one guest, from its start on, in the order in which it executes them. A guest keeps the shapes it was
 * given, BTF, maps and programs; so a scenario whose shape it knows is sent as its steps and parameters alone.
 */
export class Requests {
  /** The slot of each shape that the guest keeps, by its JSON; the one used last comes last. */
  readonly #slots = new Map<string, number>();

  /** The message for the scenario that this guest executes next: where a saved case came from is not its business. */
  encode(scenario: CompiledScenario): Buffer {
    const { steps, parameters } = scenario;
    const key = shapes.of(scenario);
    const known = this.#slots.get(key);
    const slot = known ?? this.#freeSlot();
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    const text = known === undefined ? Buffer.from(key) : NOTHING;
    const header = Buffer.from(Uint32Array.of(slot, Number(mayReuse(scenario)), text.length).buffer);
    return encodeMessage(Buffer.concat([header, text, Buffer.from(JSON.stringify({ steps, parameters }))]));
  }

  /** Has to be called where the guest did not execute all that was encoded for it. */
  forget(): void {
    this.#slots.clear();
  }

  #freeSlot(): number {
    if (this.#slots.size < SLOTS_MAX) return this.#slots.size;
    for (const [key, slot] of this.#slots) {
      this.#slots.delete(key);
      return slot;
    }
    throw new Error("a full table has a first entry");
  }
}
