/** What the maps and programs of a scenario are called once it is compiled. */

/** The name of the scenario's map of that number. */
export const mapName = (index: number): string => `m${index}`;

/** The name of the scenario's program of that number. */
export const programName = (index: number): string => `p${index}`;

/** The name of the log map, which no scenario has. */
export const LOG_MAP_NAME = "log";
