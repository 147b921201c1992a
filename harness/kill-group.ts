/** The end of a process that was started in a group of its own, and of all that it started in there. */

/** Ends every process of a group; there may be nobody left in it. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: there is nobody left.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
