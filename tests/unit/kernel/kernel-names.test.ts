import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UnknownRuntime } from "../../../harness/harness.ts";
import { checkBzImage, isBzImage } from "../../../harness/kernel/bzimage.ts";
import { parseKernelName } from "../../../harness/kernel/kernel-name.ts";
import {
  choosePackage,
  compareVersions,
  DEFAULT_SERIES,
  findSeries,
  isOrdinary,
  KERNEL_SERIES,
  packagePattern,
  seriesOf,
} from "../../../harness/kernel/series.ts";

describe("the name of a kernel runtime", () => {
  it.each([
    ["kernel", { kind: "any" }],
    ["kernel:6.12", { kind: "series", series: "6.12" }],
    ["kernel:6.12-rt", { kind: "series", series: "6.12-rt" }],
    ["kernel:./bzImage", { kind: "file", path: "./bzImage" }],
    ["kernel:/boot/vmlinuz-6.1.0", { kind: "file", path: "/boot/vmlinuz-6.1.0" }],
  ])("%s", (name, expected) => {
    expect(parseKernelName(name)).toEqual(expected);
  });

  it.each(["kernel:", "kernel:six", "kernel:6", "kernel:bzImage", "linux:6.1"])("%s is refused in one line", (name) => {
    expect(() => parseKernelName(name)).toThrow(UnknownRuntime);
    expect(() => parseKernelName(name)).toThrow(/^[^\n]*write kernel, kernel:6\.12 or[^\n]*$/);
  });
});

describe("the boot header", () => {
  const head = Buffer.alloc(0x210);
  head.set([0x55, 0xaa], 0x1fe);
  head.write("HdrS", 0x202);
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bzimage-test-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("tells a bzImage", () => {
    expect(isBzImage(head)).toBe(true);
    expect(isBzImage(Buffer.alloc(0x210))).toBe(false);
    expect(isBzImage(Buffer.from("short"))).toBe(false);
  });

  it("is looked for in the file", () => {
    writeFileSync(join(folder, "good"), head);
    writeFileSync(join(folder, "bad"), "#!/bin/sh\n");
    expect(() => checkBzImage(join(folder, "good"))).not.toThrow();
    expect(() => checkBzImage(join(folder, "bad"))).toThrow(/is no x86 kernel image/);
    expect(() => checkBzImage(join(folder, "missing"))).toThrow(/there is no such file/);
    expect(() => checkBzImage(folder)).toThrow(UnknownRuntime);
  });
});

describe("the table of series", () => {
  it("names each series once, in order, and holds the default", () => {
    const names = KERNEL_SERIES.map(({ series }) => series);
    expect([...new Set(names)].sort(compareVersions)).toEqual(names);
    expect(findSeries(DEFAULT_SERIES)).toBeDefined();
    expect(findSeries("4.19")).toBeUndefined();
  });

  it("knows the series of a release", () => {
    expect(seriesOf("6.12.117+deb12-cloud-amd64")).toBe("6.12");
    expect(seriesOf("6.1.0-56-cloud-amd64")).toBe("6.1");
    expect(seriesOf("6.12.117+deb12-rt-amd64")).toBe("6.12-rt");
    expect(seriesOf("linux")).toBeUndefined();
  });

  it.each([
    ["6.1.0-56-cloud-amd64", true],
    ["5.10.0-46-cloud-amd64", false],
    ["6.12.117+deb12-rt-amd64", false],
  ])("%s is an ordinary kernel: %s", (release, expected) => {
    expect(isOrdinary(release)).toBe(expected);
  });

  it.each([
    ["6.1", "linux-image-6.1.0-56-cloud-amd64", true],
    ["6.1", "linux-image-6.12.117+deb12-cloud-amd64", false],
    ["6.1", "linux-image-6.1.0-56-amd64", false],
    ["6.1", "linux-image-6.1.0-56-cloud-amd64-dbg", false],
    ["7.2", "linux-binary-7.2.4+deb14-cloud-amd64", true],
    ["7.2", "linux-binary-7.2+deb14-cloud-amd64", true],
    ["6.12", "linux-image-6.12-cloud-amd64", false],
    ["6.1-rt", "linux-image-6.1.0-56-rt-amd64", true],
    ["6.1-rt", "linux-image-6.1.0-56-cloud-amd64", false],
    ["6.1", "linux-image-6.1.0-56-rt-amd64", false],
  ])("the pattern of %s against %s", (series, name, expected) => {
    expect(new RegExp(packagePattern(series)).test(name)).toBe(expected);
  });

  it("takes the newest package, and a linux-binary before a linux-image", () => {
    const image = (name: string, version: string) => ({ name, version });
    const older = image("linux-image-6.1.0-9-cloud-amd64", "6.1.27-1");
    const newer = image("linux-image-6.1.0-56-cloud-amd64", "6.1.192-2");
    const binary = image("linux-binary-6.1.0-5-cloud-amd64", "6.1.20-1");
    expect(choosePackage([newer, older])).toBe(newer);
    expect(choosePackage([newer, binary])).toBe(binary);
    expect(choosePackage([])).toBeUndefined();
  });
});
