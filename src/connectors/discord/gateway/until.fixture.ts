const msMax = 20_000;

/** Resolves when `isMet`, asked after every round of the event loop. @throws after 20 s of real time. */
export async function until(isMet: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + msMax;
  while (!isMet()) {
    if (performance.now() > giveUpAt) throw new Error(`Not met: ${isMet.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
