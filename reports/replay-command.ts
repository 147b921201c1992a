/** The command that runs a saved case again. */

/** A word as a shell takes it: quoted where it holds anything a shell could read differently. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `timerconf replay FILE --runtime RUNTIME`. */
export function replayCommand(file: string, runtime: string): string {
  return `timerconf replay ${shellWord(file)} --runtime ${shellWord(runtime)}`;
}
