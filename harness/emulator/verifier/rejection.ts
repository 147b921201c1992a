/** The verifier's refusal of a program. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  /** Negative. */
  readonly errno: number;

  /** `errno` is negative; `message` is the last line of the verifier's log. */
  constructor(errno: number, message: string) {
    super(message);
    this.errno = errno;
  }
}
