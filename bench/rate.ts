/** How many things a second `work` gets done; it returns their number. */
export async function rate(work: () => Promise<number>): Promise<number> {
  const startMs = performance.now();
  const done = await work();
  return (done * 1000) / (performance.now() - startMs);
}

/** How many things `work` gets done in a second of processor time, whatever else the machine does meanwhile. */
export async function ratePerCpu(work: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  return (done * 1_000_000) / (user + system);
}
