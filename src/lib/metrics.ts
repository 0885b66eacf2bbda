/** One family in the Prometheus text format. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** Appended to the family's name, e.g. `_bucket`. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The text format that Prometheus scrapes, version 0.0.4. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families
    .map(({ name, help, type, samples }) => {
      const head = `# HELP ${name} ${help.replace(/[\n\\]/g, ' ')}\n# TYPE ${name} ${type}\n`;
      return (
        head +
        samples
          .map(
            (sample) =>
              `${name}${sample.suffix ?? ''}${formatLabels(sample.labels)} ${formatValue(sample.value)}\n`,
          )
          .join('')
      );
    })
    .join('');
}

/** Counts durations in seconds into fixed buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(
    bounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  ) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** A clock that was set back must not make the sum shrink: what is less than nothing counts as nothing. */
  observe(duration: number): void {
    const seconds = Math.max(duration, 0);
    if (Number.isNaN(seconds)) return;
    const found = this.#bounds.findIndex((bound) => seconds <= bound);
    const index = found === -1 ? this.#bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += seconds;
  }

  samples(labels: Readonly<Record<string, string>> = {}): readonly MetricSample[] {
    let total = 0;
    const buckets = [...this.#bounds.map(String), '+Inf'].map((le, index) => {
      total += this.#counts[index] ?? 0;
      return { suffix: '_bucket', labels: { ...labels, le }, value: total };
    });
    return [
      ...buckets,
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: total },
    ];
  }
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) =>
      `${key}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function formatValue(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
