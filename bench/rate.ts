/** How many things a second `work` gets done; it returns their number. */
export async function rate(work: () => Promise<number>): Promise<number> {
  const startMs = performance.now();
  const done = await work();
  return (done * 1000) / (performance.now() - startMs);
}
