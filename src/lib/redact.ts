/** Shorter values would blank out ordinary words. */
const lengthMin = 6;
const valuesMax = 10_000;

/**
 * Knows the secret values in use and takes them out of text, also where they were URL-encoded, JSON-escaped,
 * base64-encoded (alone, or within something longer such as `user:password`) or written in hex. The net under
 * everything that prints; not a licence to print secrets.
 */
export class Redactor {
  readonly #spellings = new Map<string, readonly string[]>();
  /** All spellings, the longest first, so that a secret within another does not give the rest away. */
  #ordered: readonly string[] | undefined;

  /** From now on `value` never passes. The newest `valuesMax` values count. */
  add(value: string): void {
    if (value.length < lengthMin || this.#spellings.has(value)) return;
    this.#spellings.set(value, spellingsOf(value));
    const oldest = this.#spellings.keys().next().value;
    if (this.#spellings.size > valuesMax && oldest !== undefined) this.#spellings.delete(oldest);
    this.#ordered = undefined;
  }

  redact(text: string): string {
    this.#ordered ??= [...this.#spellings.values()]
      .flat()
      .toSorted((left, right) => right.length - left.length);
    let clean = text;
    for (const spelling of this.#ordered)
      if (clean.includes(spelling)) clean = clean.replaceAll(spelling, '[secret]');
    return clean;
  }
}

function spellingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  const percent = encodeURIComponent(value.toWellFormed());
  const base64 = [bytes.toString('base64'), ...[0, 1, 2].map((offset) => base64Within(bytes, offset))];
  return [
    ...new Set([
      value,
      JSON.stringify(value).slice(1, -1),
      percent,
      percent.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
      percent.replaceAll('%20', '+'),
      ...base64,
      ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
    ]),
  ];
}

/** The characters that the bytes alone decide where they stand `offset` bytes into a group of three. */
function base64Within(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const sharesLast = (offset + bytes.length) % 3 !== 0;
  return text.slice(offset === 0 ? 0 : offset + 1, sharesLast ? -1 : undefined);
}
