/** The exit codes of `timerconf`: a promise to scripts. */
export const EXIT = {
  /** All that applied held; both runtimes agreed. */
  ok: 0,
  /** Something was violated or differed, was never exercised, or could not be judged. */
  found: 1,
  /** Wrong usage, unreadable input, or results that could not be saved. */
  usage: 2,
  /** A runtime could not be run, or timerconf itself failed. */
  unavailable: 3,
  /** Of bisect-run: nothing can be said of this kernel; git bisect goes round it. */
  cannotTell: 125,
  /** Of bisect-run: nothing could be said of any kernel; git bisect run stops at 128 and above. */
  stopBisecting: 128,
  /** Interrupted; what was found is saved. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What git bisect run is told of a failure: 2 and 3 would mean to it that the kernel is bad. */
export const bisectExitCode = (code: ExitCode): ExitCode =>
  code === EXIT.usage || code === EXIT.unavailable ? EXIT.stopBisecting : code;

/** The same for `timerconf --help`. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    all that applied held
  1    something was violated, differed, was never exercised or could not be judged
  2    wrong usage, unreadable input, or results that could not be saved
  3    a runtime could not be run
  130  interrupted; what was found until then is saved
bisect-run has its own: timerconf bisect-run --help`;
