/**
 * The layout of the log map: an array map with one element, which holds a 64-bit cursor, the scenario's parameters
 * (64-bit numbers that the runtime writes before the first step and programs only read), and records of four 64-bit
 * little-endian words. A record is claimed by an atomic add on the cursor, so callbacks and programs may interleave.
 */
export const PARAMETER_BYTES = 8;
export const PARAMETERS_MAX = 256;
export const LOG_PARAMETERS_OFFSET = 8;
export const LOG_RECORDS_OFFSET = LOG_PARAMETERS_OFFSET + PARAMETERS_MAX * PARAMETER_BYTES;
export const LOG_RECORD_BYTES = 32;
export const LOG_RECORDS_MAX = 255;
export const LOG_VALUE_BYTES = LOG_RECORDS_OFFSET + LOG_RECORDS_MAX * LOG_RECORD_BYTES;

/** Byte offsets inside one record. */
export const LOG_RECORD = { site: 0, cpu: 4, timeNs: 8, value: 16, aux: 24 } as const;

/** The bits of `aux` at a callback entry: which map the first argument is, and whether the value is map[key]. */
export const ENTRY_AUX = { mapMask: 0xff, mapUnknown: 0xff, ownElement: 0x100 } as const;
