/** The emulator as a runtime: `emulator`, `emulator:VERSION`, `emulator:VERSION+fault=NAME`. */
import { type Harness, UnknownRuntime } from "../harness.ts";
import { Emulator } from "./emulator.ts";
import { type Fault, faults, isFaultName } from "./faults/index.ts";
import { PROFILE_RANGE, type Profile, profileOf, profiles } from "./profiles.ts";

export { type Fault, type FaultName, faults, isFaultName } from "./faults/index.ts";
export { type Profile, profileOf, profiles, releases } from "./profiles.ts";

const NAME = /^emulator(?::(?<version>[^+]*))?(?:\+fault=(?<fault>.*))?$/;

const NEWEST = Object.keys(profiles).at(-1) ?? "";

interface EmulatorName {
  version: string;
  profile: Profile;
  fault: Fault | undefined;
}

/**
 * What a runtime's name means; where it names no version, the newest, or the one that its fault is a defect of.
 * @throws {UnknownRuntime} where it is not of that form, or the version or the fault does not exist
 */
function parseEmulatorName(name: string): EmulatorName {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined)
    throw new UnknownRuntime(`unknown runtime ${name}: write emulator, emulator:6.12 or emulator:6.12+fault=NAME`);
  const { fault } = groups;
  if (fault !== undefined && !isFaultName(fault))
    throw new UnknownRuntime(`${name}: the emulator has no fault ${fault}; timerconf list shows those it has`);
  const defect = fault === undefined ? undefined : faults[fault];
  const version = groups.version ?? defect?.version ?? NEWEST;
  const profile = profileOf(version);
  if (profile === undefined)
    throw new UnknownRuntime(`${name}: the emulator knows no version ${version}, only ${PROFILE_RANGE}`);
  return { version, profile, fault: defect };
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
