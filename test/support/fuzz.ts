import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { openConnection } from './raw-http.ts';

/** Ends the connection once everything before it has been answered, if it is read as a request at all. */
const lastRequest = Buffer.from('GET /healthz HTTP/1.1\r\nhost: last.test\r\nconnection: close\r\n\r\n');
/** What waits for more after this long never gets it. Nothing but the time that a run takes depends on it. */
const patienceMs = 150;

/** Writes some pieces and returns all that came back until the other side closed. */
export async function answersTo(url: string, pieces: readonly Buffer[]): Promise<string> {
  const connection = await openConnection(url, { allowHalfOpen: true });
  for (const piece of pieces) {
    await connection.write(piece);
    await new Promise(setImmediate);
  }
  await connection.write(lastRequest);
  const patience = new AbortController();
  await Promise.race([connection.ended, sleep(patienceMs, undefined, patience).catch(() => undefined)]);
  patience.abort();
  connection.socket.end();
  await connection.ended;
  connection.socket.destroy();
  return connection.rest;
}

/** Codes of answers that no request may ever get. */
export function faultsIn(answers: string): readonly string[] {
  const statuses = [...answers.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status = '']) => status);
  const traces = /\n\s+at |node:internal|\.ts:\d+|TypeError|ReferenceError|SqliteError/.exec(answers);
  return [
    ...statuses.filter((status) => Number(status) >= 500 && status !== '503'),
    ...(traces ? [traces[0]] : []),
  ];
}

export function anyBytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
}

/** The same bytes, in pieces. */
export function inPieces(data: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (data.length + 1)), data.length])];
  const ordered = places.toSorted((left, right) => left - right);
  return ordered.slice(1).map((end, index) => data.subarray(ordered[index], end));
}

export const anyCuts = fc.array(fc.nat(), { maxLength: 4 });

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Buffer;
}

/** Small changes to something that was good. */
export const anyEdits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(),
    remove: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.nat({ max: 500 })),
    insert: fc.oneof(
      anyBytes(6),
      fc
        .constantFrom('\r\n', '\r\n\r\n', '\n', '\0', ':', ' ', '\t', '\xff', '%', '/', '0', '99999999999')
        .map((text) => Buffer.from(text, 'latin1')),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

export function edited(data: Buffer, edits: readonly Edit[]): Buffer {
  return edits.reduce((bytes, { at, remove, insert }) => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
  }, data);
}

const tokenCharacter = fc.constantFrom(...'abcXYZ019-_!#$%&*+.^`|~'.split(''));
const valueCharacter = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('\t', '\xe9', '\xff', '\x7f', '\x01'),
);

/** Names and values as they may stand in a request, and a few that may not. */
export const anyHeaders: fc.Arbitrary<(readonly [string, string])[]> = fc.array(
  fc.tuple(
    fc.oneof(
      fc.string({ unit: tokenCharacter, minLength: 1, maxLength: 20 }),
      fc.constantFrom(
        'content-type',
        'content-encoding',
        'x-hub-signature-256',
        'x-github-event',
        'x-github-delivery',
        'x-forwarded-for',
        'traceparent',
        'authorization',
        'idempotency-key',
        'last-event-id',
        'expect',
        'connection',
        'upgrade',
        'host',
        'cookie',
        '__proto__',
      ),
    ),
    fc.oneof(
      fc.string({ unit: valueCharacter, maxLength: 60 }),
      fc.constantFrom('application/json', 'chunked', '100-continue', 'close', 'upgrade', '-1', '1e9', '::1'),
    ),
  ),
  { maxLength: 8 },
);

export const anyMethod = fc.oneof(
  fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY', 'CONNECT'),
  fc.string({ unit: tokenCharacter, minLength: 1, maxLength: 8 }),
);

/** Made of the pieces that routers and proxies trip over. */
export function anyPath(...known: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('/', '..', '.', '%2e', '%2F', '%00', '%', '%c0%af', '?', '#', ';', '*'),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('hooks', 'admin/v1', 'healthz', 'events', '__proto__', 'x', ...known),
    },
    { weight: 1, arbitrary: fc.string({ unit: valueCharacter, maxLength: 10 }) },
  );
  return fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
}
