/** A QEMU process: its arguments, and its life, which never outlasts ours. */
import type { ChildProcess } from "node:child_process";
import { stat } from "node:fs/promises";
import { Duplex, type Readable } from "node:stream";
import { $ } from "zx/core";
import { findProgram, hasProgram } from "./command.ts";
import { SHARED_BYTES } from "./message.ts";
import { type BoundProcessor, takeProcessor } from "./processor.ts";

/**
 * What executes the guest: the host's processor, QEMU in real time, or QEMU counting instructions, which makes guest
 * time a function of what was executed; idle time then costs no real time.
 */
export type Accelerator = "kvm" | "tcg" | "tcg-icount";

/** What a user adds to every guest of a kernel, behind what is always there, so that it has the last word. */
export interface MachineAdditions {
  /** Texts for the kernel's command line. */
  append?: readonly string[];
  /** Arguments for QEMU. */
  qemuArg?: readonly string[];
}

export interface Machine extends MachineAdditions {
  kernel: string;
  initramfs: string;
  accelerator: Accelerator;
  /** How many processors the guest has; one where this is not said. */
  processors?: 2;
}

export const QEMU_PROGRAM = "qemu-system-x86_64";

/** What a QEMU process has for file descriptors besides the standard three. */
const MONITOR_FD = 3;
const SHARED_FD = 4;
const SNAPSHOT_FD = 5;

/** Where a QEMU that waits for a snapshot finds it, in the words of its `migrate-incoming`. */
export const SNAPSHOT_URI = `fd:${SNAPSHOT_FD}`;

const KERNEL_ARGUMENTS = [
  "console=ttyS0",
  "rdinit=/init",
  /* From warnings on all is printed, for a guest that gets no further than its console. */
  "loglevel=5",
  "panic=-1",
  /* Without these a run would not repeat exactly: addresses, and the measuring of the clock against itself. */
  "nokaslr",
  "tsc=reliable",
  "no_timer_check",
];

/**
 * The agent brings the second processor up (agent/processors.c): while QEMU counts instructions, a kernel before 6.5
 * that does it itself waits for ever.
 */
const PAIR_KERNEL_ARGUMENTS = ["maxcpus=1"];

/**
 * While QEMU counts instructions, a processor runs until it is idle or the next timer of the machine is due
 * (icount_get_limit), be it some milliseconds, and only then an interrupt reaches the other. A timer of QEMU's own, of
 * which the guest sees nothing, bounds that: that of a buffer for the packets of a network that nobody is on. Each time
 * it is due costs real time, even where the guest is idle: a second of 20 µs each took 6 s on a busy host.
 */
const SLICE_US = 250;
const PAIR_ARGUMENTS: Record<Accelerator, readonly string[]> = {
  kvm: [],
  tcg: [],
  "tcg-icount": [
    ...["-netdev", "hubport,id=nobody,hubid=0"],
    ...["-object", `filter-buffer,id=slice,netdev=nobody,interval=${SLICE_US}`],
  ],
};

/**
 * TCG emulates a string instruction byte by byte and walks every level of page tables itself: without the features that
 * make a kernel clear and copy memory by single bytes, and without the fifth level, a case takes a third less.
 */
const TCG_CPU = "max,erms=off,fsrm=off,la57=off";

const ACCELERATOR_ARGUMENTS: Record<Accelerator, readonly string[]> = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg", "-cpu", TCG_CPU],
  "tcg-icount": ["-accel", "tcg,thread=single", "-cpu", TCG_CPU, "-icount", "shift=0,sleep=off"],
};

/** The arguments that make a guest what it is, whatever it is reached through. */
export function machineArguments({ kernel, initramfs, accelerator, processors, append = [] }: Machine): string[] {
  const isPair = processors === 2;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"],
    ...(isPair ? PAIR_ARGUMENTS[accelerator] : []),
    ...["-M", "q35", "-m", "256", "-smp", `${processors ?? 1}`, ...ACCELERATOR_ARGUMENTS[accelerator]],
    /* The same date and the same random numbers in every guest: a run under instruction counting repeats exactly. */
    ...["-rtc", "base=2026-01-01,clock=vm", "-seed", "1"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...[
      "-kernel",
      kernel,
      "-initrd",
      initramfs,
      "-append",
      [...KERNEL_ARGUMENTS, ...(isPair ? PAIR_KERNEL_ARGUMENTS : []), ...append].join(" "),
    ],
  ];
}

/** The arguments of QEMU for one guest: nothing of the host is shared but the memory of the data channel. */
export function qemuArguments(machine: Machine): string[] {
  return [
    ...machineArguments(machine),
    /* It waits for us to continue it, so that no event comes before the monitor is ready for it. */
    "-S",
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-chardev", `socket,id=monitor,fd=${MONITOR_FD}`, "-mon", "chardev=monitor,mode=control"],
    "-object",
    `memory-backend-file,id=shared,share=on,mem-path=/proc/self/fd/${SHARED_FD},size=${SHARED_BYTES}`,
    ...["-device", "ivshmem-plain,memdev=shared,master=on"],
    /* A guest that reports a panic on this port is stopped until we continue it: the doorbell of agent/guest.c. */
    ...["-device", "pvpanic,ioport=1285", "-action", "panic=pause"],
    ...(machine.qemuArg ?? []),
  ];
}

export interface Qemu {
  readonly pid: number;
  readonly console: Readable;
  readonly errors: Readable;
  readonly monitor: Duplex;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(): void;
}

const running = new Set<ChildProcess>();
let isExitWatched = false;

function endWithUs(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
  if (isExitWatched) return;
  isExitWatched = true;
  process.once("exit", () => {
    for (const each of running) each.kill("SIGKILL");
  });
}

/** Where this process is killed outright, the kernel ends QEMU: `setpriv` (util-linux) asks for that. */
async function deathSignal(): Promise<string[]> {
  return (await hasProgram("setpriv")) ? ["setpriv", "--pdeathsig", "KILL", "--"] : [];
}

const ANY_PROCESSOR: BoundProcessor = { prefix: [], release: () => {} };

/** Which QEMU would be started: its file, which is another once it has been upgraded. To ask it takes far longer. */
export async function qemuIdentity(): Promise<string> {
  const file = (await findProgram(QEMU_PROGRAM)) ?? QEMU_PROGRAM;
  const { size, mtimeMs } = await stat(file);
  return [file, size, mtimeMs].join(" ");
}

/**
 * Starts QEMU in a session of its own, so that a Ctrl-C reaches us alone. Given the file of a snapshot, it waits to be
 * told to restore it.
 * @throws {Error} where no process could be started
 */
export async function startQemu(machine: Machine, sharedFile: number, snapshotFile?: number): Promise<Qemu> {
  const restoring = snapshotFile === undefined ? [] : ["-incoming", "defer"];
  const before = await deathSignal();
  const processor = machine.accelerator === "tcg-icount" ? await takeProcessor() : ANY_PROCESSOR;
  const argv = [...before, ...processor.prefix, QEMU_PROGRAM, ...qemuArguments(machine), ...restoring];
  const shell = $({
    quiet: true,
    nothrow: true,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe", sharedFile, snapshotFile ?? "ignore"],
  });
  const { child } = shell`exec ${argv}`;
  const monitor = child?.stdio[MONITOR_FD];
  if (!child?.pid || !child.stdout || !child.stderr || !(monitor instanceof Duplex)) {
    throw new Error("QEMU could not be started");
  }
  endWithUs(child);
  child.once("exit", processor.release);
  return {
    pid: child.pid,
    console: child.stdout,
    errors: child.stderr,
    monitor,
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal }))),
    kill: () => void child.kill("SIGKILL"),
  };
}
