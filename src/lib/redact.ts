/** Shorter values would blank out ordinary words. */
const lengthMin = 6;
const valuesMax = 10_000;

/**
 * Knows the secret values in use and takes them out of text, also where they were URL-encoded, JSON-escaped
 * or base64-encoded. The net under everything that prints; not a licence to print secrets.
 */
export class Redactor {
  readonly #values = new Map<string, Set<string>>();

  /** From now on `value` never passes. The newest `valuesMax` values count. */
  add(value: string): void {
    if (value.length < lengthMin || this.#values.has(value)) return;
    this.#values.set(value, spellings(value));
    const oldest = this.#values.keys().next().value;
    if (this.#values.size > valuesMax && oldest !== undefined) this.#values.delete(oldest);
  }

  redact(text: string): string {
    let clean = text;
    for (const forms of this.#values.values()) {
      for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, '[secret]');
    }
    return clean;
  }
}

function spellings(value: string): Set<string> {
  const bytes = Buffer.from(value, 'utf8');
  return new Set([
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]);
}
