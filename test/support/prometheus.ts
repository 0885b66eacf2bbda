export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * Reads the Prometheus text format 0.0.4, and nothing that is only almost it: help and type come once and
 * before the samples, samples of a family stand together, no two have the same labels, names and values are
 * well formed. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseMetrics(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(name) || !namePattern.test(name)) throw new Error(`Not a new family: ${line}`);
      families.set(name, { type: '', help: rest, samples: [] });
      current = name;
      continue;
    }
    const family = families.get(current);
    if (!family) throw new Error(`Nothing belongs here: ${line}`);
    if (keyword === 'TYPE') {
      if (name !== current || family.type !== '' || family.samples.length > 0 || !(rest in suffixes))
        throw new Error(`A type in the wrong place, or none: ${line}`);
      family.type = rest;
      continue;
    }
    const sample = parseSample(line);
    if (!suffixes[family.type]?.some((suffix) => sample.name === `${current}${suffix}`))
      throw new Error(`It belongs to no family here: ${line}`);
    const identity = `${sample.name}${JSON.stringify(Object.entries(sample.labels).toSorted())}`;
    if (seen.has(identity)) throw new Error(`It is there twice: ${line}`);
    seen.add(identity);
    family.samples.push(sample);
  }
  return families;
}

function parseSample(line: string): Sample {
  const [, name = '', , labels = '', value = ''] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[^"\\]|"(?:[^"\\\n]|\\["\\n])*")*)\})? (\S+)$/.exec(line) ?? [];
  const number = value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
  if (name === '' || value === '' || (Number.isNaN(number) && value !== 'NaN'))
    throw new Error(`Not a sample: ${line}`);
  return { name, labels: parseLabels(labels, line), value: number };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [whole = '', name = '', value = ''] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/.exec(rest) ?? [];
    if (whole === '' || name in labels || name.startsWith('__')) throw new Error(`Bad labels: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_escape, character: string) =>
      character === 'n' ? '\n' : character,
    );
    rest = rest.slice(whole.length);
  }
  return labels;
}
