/** What happened in a simulation: what should sometimes happen, and what never should. */
export class Marks {
  readonly #counts = new Map<string, number>();
  readonly complaints: string[] = [];

  saw(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  forEach(visit: (what: string, count: number) => void): void {
    for (const [what, count] of this.#counts) visit(what, count);
  }

  count(what: string): number {
    return [...this.#counts]
      .filter(([name]) => name.startsWith(what))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  complain(text: string): void {
    this.complaints.push(text);
  }

  toString(): string {
    return [...this.#counts].map(([name, count]) => `${count} × ${name}`).join(', ');
  }
}
