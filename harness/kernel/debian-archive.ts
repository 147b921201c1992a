/**
 * Debian's archive, reached through the mirrors this machine's own apt configuration names, with lists and caches of
 * our own: nothing of the machine's apt state changes, signatures are checked, and no root is needed.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RuntimeUnavailable } from "../harness.ts";
import { command } from "./command.ts";
import { choosePackage } from "./series.ts";

/** One suite's packages, as far as apt knows them in its own folder. */
export interface Suite {
  name: string;
  apt(program: "apt-get" | "apt-cache", ...argv: string[]): ReturnType<typeof command>;
}

const isSecurity = (suite: string) => suite.endsWith("-security");
const DEBIAN_SUITE = /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(-\w+)?$/;

/** The mirror the machine uses for suites of that kind, or undefined. */
async function findMirror(suite: string): Promise<string | undefined> {
  const format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
  const targets = await command([
    "apt-get",
    "indextargets",
    "--no-release-info",
    "--format",
    format,
    "Identifier: Packages",
  ]);
  return targets.stdout
    .split("\n")
    .map((line) => line.trim().split(" "))
    .find(
      ([release = "", component, uri = ""]) =>
        DEBIAN_SUITE.test(release) &&
        component === "main" &&
        /debian/.test(uri) &&
        isSecurity(release) === isSecurity(suite),
    )?.[2];
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Settings that come after the machine's own, so that its proxies stay and its folders and hooks do not. */
function configuration(folder: string): string {
  return [
    `Dir::Etc::SourceList "${join(folder, "sources.list")}";`,
    'Dir::Etc::SourceParts "/dev/null";',
    `Dir::State "${join(folder, "state")}";`,
    `Dir::Cache "${join(folder, "cache")}";`,
    'APT::Architecture "amd64";',
    "#clear APT::Architectures;",
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
    "#clear Acquire::IndexTargets::deb::DEP-11;",
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    "",
  ].join("\n");
}

/**
 * Fetches the package lists of one suite into `folder`.
 * @throws {RuntimeUnavailable} where this machine names no mirror that could have it, or the mirror does not answer
 */
export async function openSuite(name: string, folder: string): Promise<Suite> {
  const mirror = await findMirror(name);
  if (mirror === undefined) {
    throw new RuntimeUnavailable(`this machine's apt configuration names no Debian mirror for ${name}`);
  }
  for (const part of ["state/lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror} ${name} main\n`);
  writeFileSync(join(folder, "apt.conf"), configuration(folder));
  const suite: Suite = {
    name,
    apt: (program, ...argv) => command([program, "-c", join(folder, "apt.conf"), ...argv], { cwd: folder }),
  };
  const updated = await suite.apt("apt-get", "update", "--error-on=any");
  if (!updated.ok) throw new RuntimeUnavailable(`Debian ${name} cannot be reached: ${updated.complaint}`);
  return suite;
}

/** The newest package of the suite whose name matches, or undefined. */
export async function findPackage(suite: Suite, pattern: string): Promise<string | undefined> {
  const found = await suite.apt("apt-cache", "search", "--names-only", pattern);
  const names = found.stdout.split("\n").flatMap((line) => line.split(" ")[0] || []);
  if (names.length === 0) return undefined;
  const shown = await suite.apt("apt-cache", "show", "--no-all-versions", ...names);
  const packages = shown.stdout.split("\n\n").map((stanza) => ({
    name: /^Package: (.*)$/m.exec(stanza)?.[1] ?? "",
    version: /^Version: (.*)$/m.exec(stanza)?.[1] ?? "",
  }));
  return choosePackage(packages)?.name;
}

/**
 * Downloads a package and unpacks it into `into`, without installing anything.
 * @throws {RuntimeUnavailable} where either fails
 */
export async function unpackPackage(suite: Suite, name: string, folder: string, into: string): Promise<void> {
  const downloaded = await suite.apt("apt-get", "download", name);
  const file = readdirSync(folder).find((entry) => entry.endsWith(".deb"));
  if (!downloaded.ok || file === undefined) {
    throw new RuntimeUnavailable(`${name} cannot be downloaded from Debian ${suite.name}: ${downloaded.complaint}`);
  }
  const unpacked = await command(["dpkg-deb", "-x", join(folder, file), into]);
  if (!unpacked.ok) throw new RuntimeUnavailable(`${name} cannot be unpacked: ${unpacked.complaint}`);
}
