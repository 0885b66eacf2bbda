/** Nobody is believed who wants to be left alone for longer. */
const retryAfterMsMax = 24 * 60 * 60 * 1000;

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The wait that a Retry-After header asks for, in ms from `now`; undefined when it is absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d{1,10}$/.test(value)) return Math.min(Number(value) * 1000, retryAfterMsMax);
  const at = httpDate.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), retryAfterMsMax);
}
