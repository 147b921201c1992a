/** The emulator as a runtime: `emulator`, `emulator:VERSION`, `emulator:VERSION+fault=NAME`. */
import { type Harness, UnknownRuntime } from "../harness.ts";
import { Emulator } from "./emulator.ts";
import { faults, isFaultName } from "./faults.ts";
import { profiles } from "./profiles.ts";

export { type Fault, type FaultName, faults, isFaultName } from "./faults.ts";
export { type Profile, profiles } from "./profiles.ts";

const NAME = /^emulator(?::(?<version>[^+]*))?(?:\+fault=(?<fault>.*))?$/;

/** What a runtime's name may be, on one line. */
function known(): string {
  return `the emulator is written emulator[:VERSION][+fault=NAME], VERSION one of ${Object.keys(profiles).join(", ")}, NAME one of ${Object.keys(faults).join(", ")}`;
}

/**
 * An emulator of one kernel version, the newest where none is named, with one deliberate defect or none.
 * @throws {UnknownRuntime} where the name is not of that form, or the version or the fault does not exist
 */
export function openEmulator(name: string): Harness {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) throw new UnknownRuntime(`unknown runtime ${name}: ${known()}`);
  const version = groups.version ?? Object.keys(profiles).at(-1) ?? "";
  const profile = Object.hasOwn(profiles, version) ? profiles[version] : undefined;
  if (profile === undefined) throw new UnknownRuntime(`unknown version ${version} in ${name}: ${known()}`);
  const { fault } = groups;
  if (fault === undefined) return new Emulator({ name, version, profile, fault });
  if (!isFaultName(fault)) throw new UnknownRuntime(`unknown fault ${fault} in ${name}: ${known()}`);
  return new Emulator({ name, version, profile, fault });
}
