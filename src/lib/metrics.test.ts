import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMetrics, Histogram, type MetricFamily } from './metrics.ts';

function family(fields: Partial<MetricFamily> = {}): MetricFamily {
  return { name: 'palyra_things', help: 'Things.', type: 'gauge', samples: [], ...fields };
}

describe('formatMetrics', () => {
  it('writes a head and a line per sample', () => {
    const samples = [
      { labels: {}, value: 1 },
      { labels: { state: 'dead', queue: 'inbox' }, value: 2.5 },
    ];

    const text = formatMetrics([family({ samples })]);

    expect(text).toBe(
      '# HELP palyra_things Things.\n# TYPE palyra_things gauge\npalyra_things 1\npalyra_things{state="dead",queue="inbox"} 2.5\n',
    );
  });

  it('escapes labels, so that no value can end its line or begin another', () => {
    const samples = [{ labels: { source: 'a"} 9\nevil{x="\\' }, value: 1 }];

    const text = formatMetrics([family({ samples })]);

    expect(text.split('\n')[2]).toBe('palyra_things{source="a\\"} 9\\nevil{x=\\"\\\\"} 1');
  });

  it('keeps the help on its line', () => {
    expect(formatMetrics([family({ help: 'one\ntwo\\three' })]).split('\n')).toHaveLength(3);
  });

  it.each([
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
    [1e21, '1e+21'],
  ])('writes %d as Prometheus reads it', (value, text) => {
    expect(formatMetrics([family({ samples: [{ labels: {}, value }] })])).toContain(
      `palyra_things ${text}\n`,
    );
  });
});

describe('Histogram', () => {
  it('counts each duration in its bucket and all above, and sums them', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 30 }), (durations) => {
        const histogram = new Histogram([0.1, 1, 10]);

        for (const duration of durations) histogram.observe(duration);

        const samples = histogram.samples({ listener: 'ingress' });
        const valueOf = (suffix: string, le?: string): number | undefined =>
          samples.find((sample) => sample.suffix === suffix && sample.labels.le === le)?.value;
        for (const bound of [0.1, 1, 10])
          expect(valueOf('_bucket', String(bound))).toBe(
            durations.filter((duration) => duration <= bound).length,
          );
        expect(valueOf('_bucket', '+Inf')).toBe(durations.length);
        expect(valueOf('_count')).toBe(durations.length);
        expect(valueOf('_sum')).toBeCloseTo(durations.reduce((sum, duration) => sum + duration, 0));
      }),
    ));

  it('never lets its sum shrink, nor become no number', () => {
    const histogram = new Histogram();

    for (const duration of [1, -5, NaN]) histogram.observe(duration);

    const sample = (suffix: string): number | undefined =>
      histogram.samples().find((candidate) => candidate.suffix === suffix)?.value;
    expect([sample('_sum'), sample('_count')]).toEqual([1, 2]);
  });
});
