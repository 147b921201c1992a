/** Kernel images: which one a runtime's name means, and getting it. */
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { RuntimeUnavailable, UnknownRuntime } from "../harness.ts";
import { checkBzImage } from "./bzimage.ts";
import { cachePath, fillCacheEntry, message } from "./cache.ts";
import { findPackage, openSuite, type Suite, unpackPackage } from "./debian-archive.ts";
import type { KernelName } from "./kernel-name.ts";
import {
  compareVersions,
  DEFAULT_SERIES,
  findSeries,
  isOrdinary,
  KERNEL_SERIES,
  type KernelSeries,
  packagePattern,
  seriesOf,
} from "./series.ts";

type Progress = (line: string) => void;

/** A kernel that `kernel:SERIES` can name. */
export interface KernelListing {
  series: string;
  /** The suites of Debian that hold it. */
  suites: readonly string[];
  /** The releases in the cache, newest first. */
  cached: string[];
}

const imagePath = (release: string) => cachePath("kernels", release, "vmlinuz");

/** The releases whose image is in the cache, newest first. */
function cachedReleases(): string[] {
  const folder = cachePath("kernels");
  if (!existsSync(folder)) return [];
  const releases = readdirSync(folder).filter((release) => existsSync(imagePath(release)) && !/\.part-/.test(release));
  return releases.sort((a, b) => compareVersions(b, a));
}

/** What can be had, and what is there already. */
export function listKernels(): KernelListing[] {
  const releases = cachedReleases();
  return KERNEL_SERIES.map((entry) => ({
    series: entry.series,
    suites: entry.suites,
    cached: releases.filter((release) => seriesOf(release) === entry.series),
  }));
}

/** Where an unpacked kernel package has its image: /boot, or since 6.19 /usr/lib/modules. */
function findImage(unpacked: string): { path: string; release: string } | undefined {
  const boot = join(unpacked, "boot");
  const modules = join(unpacked, "usr", "lib", "modules");
  const inBoot = (existsSync(boot) ? readdirSync(boot) : [])
    .filter((name) => name.startsWith("vmlinuz-"))
    .map((name) => ({ path: join(boot, name), release: name.slice("vmlinuz-".length) }));
  const inModules = (existsSync(modules) ? readdirSync(modules) : [])
    .map((release) => ({ path: join(modules, release, "vmlinuz"), release }))
    .filter(({ path }) => existsSync(path));
  return [...inBoot, ...inModules][0];
}

async function fetchFromSuite(suite: Suite, series: string, folder: string, progress: Progress): Promise<string> {
  const name = await findPackage(suite, packagePattern(series));
  if (name === undefined) throw new RuntimeUnavailable(`Debian ${suite.name} holds no kernel ${series} now`);
  progress(`fetching ${name} from Debian ${suite.name}`);
  const unpacked = join(folder, "unpacked");
  await unpackPackage(suite, name, folder, unpacked);
  const image = findImage(unpacked);
  if (image === undefined) throw new RuntimeUnavailable(`${name} holds no kernel image`);
  checkBzImage(image.path);
  await fillCacheEntry(cachePath("kernels", image.release), async (entry) => {
    copyFileSync(image.path, join(entry, "vmlinuz"));
  });
  return imagePath(image.release);
}

/**
 * Puts the newest kernel of a series into the cache and gives its path.
 * @throws {RuntimeUnavailable} where no suite has it or can be reached: the reason of each, on one line
 */
async function fetchKernel({ series, suites }: KernelSeries, progress: Progress): Promise<string> {
  const reasons: string[] = [];
  for (const suiteName of suites) {
    const folder = mkdtempSync(join(tmpdir(), "bpf-timer-conformance-"));
    try {
      progress(`looking for Linux ${series} in Debian ${suiteName}`);
      const own = join(folder, "apt");
      mkdirSync(own);
      return await fetchFromSuite(await openSuite(suiteName, own), series, own, progress);
    } catch (error) {
      if (!(error instanceof RuntimeUnavailable)) throw error;
      reasons.push(error.message);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new RuntimeUnavailable(
    `no image of Linux ${series} can be had (${reasons.join("; ")}): give one as kernel:./path/to/bzImage`,
  );
}

/** The newest image in /boot that this user may read. */
function ownImage(): string | undefined {
  const names = existsSync("/boot") ? readdirSync("/boot").filter((name) => name.startsWith("vmlinuz-")) : [];
  return names
    .sort((a, b) => compareVersions(b, a))
    .map((name) => join("/boot", name))
    .find(isReadable);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false; /* accessSync has no other way to say no */
  }
}

async function anyImage(progress: Progress): Promise<string> {
  const newest = cachedReleases().find(isOrdinary);
  if (newest !== undefined) return imagePath(newest);
  try {
    return await imageOfSeries(DEFAULT_SERIES, progress);
  } catch (error) {
    const own = ownImage();
    if (own === undefined) throw error;
    progress(`${message(error)}; taking ${own}`);
    return own;
  }
}

async function imageOfSeries(series: string, progress: Progress): Promise<string> {
  const cached = cachedReleases().find((release) => seriesOf(release) === series);
  if (cached !== undefined) return imagePath(cached);
  return fetchKernel(knownSeries(series), progress);
}

function knownSeries(series: string): KernelSeries {
  const entry = findSeries(series);
  if (entry !== undefined) return entry;
  const known = KERNEL_SERIES.map(({ series: name }) => name).join(", ");
  throw new UnknownRuntime(`kernel:${series}: no Debian suite is known to hold it; known are ${known}`);
}

/** What became of one series that was to be fetched. */
export type Fetched = { series: string; release: string } | { series: string; failure: string };

/**
 * Puts a kernel of each series into the cache, unless there is one; what fails does not keep the others.
 * @throws {UnknownRuntime} before anything is fetched, where a series means nothing
 */
export async function fetchKernels(names: readonly string[], progress: Progress): Promise<Fetched[]> {
  const entries = names.map(knownSeries);
  const fetched: Fetched[] = [];
  for (const { series } of entries) {
    try {
      fetched.push({ series, release: basename(dirname(await imageOfSeries(series, progress))) });
    } catch (error) {
      if (!(error instanceof RuntimeUnavailable)) throw error;
      fetched.push({ series, failure: error.message });
    }
  }
  return fetched;
}

/**
 * The image that a name means: any (the newest ordinary one in the cache, else Debian's, else the machine's own), one of a series,
 * or a file.
 * @throws {UnknownRuntime} where the name means none
 * @throws {RuntimeUnavailable} where it cannot be had here
 */
export async function findKernelImage(name: KernelName, progress: Progress): Promise<string> {
  switch (name.kind) {
    case "any":
      return anyImage(progress);
    case "series":
      return imageOfSeries(name.series, progress);
    case "file":
      checkBzImage(name.path);
      return name.path;
  }
}
