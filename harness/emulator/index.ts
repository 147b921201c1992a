/** The emulator as a runtime: `emulator`, `emulator:VERSION`, `emulator:VERSION+fault=NAME`. */
import { type Harness, UnknownRuntime } from "../harness.ts";
import { Emulator } from "./emulator.ts";
import { type FaultName, isFaultName } from "./faults.ts";
import { type Profile, profiles } from "./profiles.ts";

export { type Fault, type FaultName, faults, isFaultName } from "./faults.ts";
export { type Profile, profiles } from "./profiles.ts";

const NAME = /^emulator(?::(?<version>[^+]*))?(?:\+fault=(?<fault>.*))?$/;

const VERSIONS = Object.keys(profiles).join(", ");

interface EmulatorName {
  version: string;
  profile: Profile;
  fault: FaultName | undefined;
}

/**
 * What a runtime's name means; the newest version where none is named.
 * @throws {UnknownRuntime} where it is not of that form, or the version or the fault does not exist
 */
function parseEmulatorName(name: string): EmulatorName {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined)
    throw new UnknownRuntime(`unknown runtime ${name}: write emulator, emulator:6.12 or emulator:6.12+fault=NAME`);
  const version = groups.version ?? Object.keys(profiles).at(-1) ?? "";
  const profile = Object.hasOwn(profiles, version) ? profiles[version] : undefined;
  if (profile === undefined)
    throw new UnknownRuntime(`${name}: the emulator knows no version ${version}, only ${VERSIONS}`);
  const { fault } = groups;
  if (fault !== undefined && !isFaultName(fault))
    throw new UnknownRuntime(`${name}: the emulator has no fault ${fault}; timerconf list shows those it has`);
  return { version, profile, fault };
}

/** @throws {UnknownRuntime} where the name means no emulator */
export function checkEmulatorName(name: string): void {
  parseEmulatorName(name);
}

/**
 * An emulator of one kernel version with one deliberate defect or none.
 * @throws {UnknownRuntime} where the name means no emulator
 */
export function openEmulator(name: string): Harness {
  return new Emulator({ name, ...parseEmulatorName(name) });
}
