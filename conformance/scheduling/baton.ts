/** A baton for tasks that are under way at once: it goes from one to the next in the order in which they ask for it. */
export class Baton {
  #passed: Promise<void> = Promise.resolve();

  /** Waits for all that asked before to pass it on; gives the function that passes it on. */
  async take(): Promise<() => void> {
    const before = this.#passed;
    let pass = (): void => {};
    this.#passed = new Promise((resolve) => {
      pass = resolve;
    });
    await before;
    return pass;
  }
}
