/** The log map as the runtime uses it: it writes the parameters, and reads the records that have come since. */
import {
  LOG_PARAMETERS_OFFSET,
  LOG_RECORD,
  LOG_RECORD_BYTES,
  LOG_RECORDS_MAX,
  LOG_RECORDS_OFFSET,
  LOG_VALUE_BYTES,
} from "../../scenario/log-map.ts";
import type { LogRecord } from "../../scenario/trace.ts";
import { offsetOf, regionOf } from "./address.ts";
import type { BpfMap } from "./maps/bpf-map.ts";
import type { Memory } from "./memory.ts";

const WORD = 0x1_0000_0000;

export class LogReader {
  readonly #memory: Memory;
  readonly #map: BpfMap;
  #read = 0;

  constructor(memory: Memory, map: BpfMap) {
    this.#memory = memory;
    this.#map = map;
  }

  /** Hands the programs their parameters: as many bytes as hexadecimal text gives. */
  writeParameters(hex: string): void {
    if (hex === "") return;
    const bytes = Buffer.from(hex, "hex");
    const address = this.#map.lookup(0, false);
    this.#memory.slice(regionOf(address), offsetOf(address) + LOG_PARAMETERS_OFFSET, bytes.length).set(bytes);
  }

  /** The records that appeared since the last call. */
  next(): LogRecord[] {
    const start = this.#start();
    const { view } = this.#memory;
    const claimed = view.getUint32(start, true);
    const end = Math.min(claimed, LOG_RECORDS_MAX);
    const records: LogRecord[] = [];
    for (; this.#read < end; this.#read++) {
      const at = start + LOG_RECORDS_OFFSET + this.#read * LOG_RECORD_BYTES;
      records.push({
        site: view.getUint32(at + LOG_RECORD.site, true),
        cpu: view.getUint32(at + LOG_RECORD.cpu, true),
        timeNs: view.getUint32(at + LOG_RECORD.timeNs + 4, true) * WORD + view.getUint32(at + LOG_RECORD.timeNs, true),
        value: view.getInt32(at + LOG_RECORD.value, true),
        aux: view.getInt32(at + LOG_RECORD.aux, true),
      });
    }
    return records;
  }

  /** How many records did not fit. */
  dropped(): number {
    return Math.max(0, this.#memory.view.getUint32(this.#start(), true) - LOG_RECORDS_MAX);
  }

  #start(): number {
    const address = this.#map.lookup(0, false);
    return this.#memory.at(regionOf(address), offsetOf(address), Math.min(LOG_VALUE_BYTES, this.#map.spec.valueSize));
  }
}
