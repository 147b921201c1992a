/** A scenario or a file that cannot be used; the message is one line that says what is wrong with it, and where. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}
