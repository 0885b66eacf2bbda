import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from './domain/errors.ts';
import { compileBlocks } from './lib/address-blocks.ts';
import { logLevels } from './lib/logger.ts';

const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const days = 24 * hours;

/** For settings of which one bounds the other; the bounded one is named as the wrong one, whatever else is wrong. */
function atMost<Key extends string>(key: Key, bound: Key) {
  return z.refine<Readonly<Record<Key, unknown>>>(
    (settings) => !(Number(settings[key]) > Number(settings[bound])),
    { path: [key], message: `must not be more than ${bound}`, when: ({ value }) => isObject(value) },
  );
}

function isBlock(block: string): boolean {
  try {
    compileBlocks([block]);
    return true;
  } catch {
    return false;
  }
}

const mib = 1024 * 1024;

/** Slack and Telegram deliver again for up to 24 h, and no session reads back more than 36 h. */
const repeatsMsMin = 48 * hours;

const count = z.int().positive();
const ms = z.int().positive();

/**
 * `config.json` in the state directory: everything that an operator may tune, with its default. The table in
 * `docs/operate.md` is made from here.
 */
export const Config = z.strictObject({
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#]/.test(url), 'must have no query and no fragment')
    .optional()
    .describe(
      'The address under which the outside world reaches the ingress listener, e.g. https://hooks.example.org. Webhook addresses are made with it.',
    ),
  trustedProxies: z
    .array(z.string().refine(isBlock, 'must be an address block such as 10.0.0.0/8 or 2001:db8::/32'))
    .default([])
    .describe(
      'CIDR blocks of reverse proxies whose X-Forwarded-For is believed. Without any, the address of the socket counts.',
    ),
  logLevel: z.enum(logLevels).default('info').describe('The least important log lines to write.'),
  masterKey: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('file'), path: z.string().min(1).optional() }),
      z.strictObject({ kind: z.literal('env'), variable: z.string().min(1).default('PALYRA_MASTER_KEY') }),
      z.strictObject({ kind: z.literal('command'), argv: z.array(z.string()).min(1) }),
    ])
    .default({ kind: 'file' })
    .describe(
      'Where the master key of the vault comes from: a file (default: master.key in the state directory), an environment variable, or the first line that a command prints.',
    ),

  inbox: z
    .strictObject({
      depthMax: count
        .default(100_000)
        .describe('Events of one source that may be pending; more are refused with 503.'),
      inFlightMax: count.default(512).describe('Events under work or waiting for an agent at once.'),
      perSourceMax: count.default(128).describe('The same for one source.'),
      turnsPerSourceMax: count
        .default(16)
        .describe('Turns of one connector or integration that run at once.'),
      botTurnsPerDayMax: count
        .max(10_000)
        .default(48)
        .describe(
          'Turns that one bot may cause on one connector within 24 hours, where a rule admits bots; 10,000 at most.',
        ),
      retryMsMin: ms
        .default(1 * seconds)
        .describe('The wait after the first failed turn; doubles from there.'),
      retryMsMax: ms.default(5 * minutes).describe('The longest such wait.'),
      waitMs: ms
        .default(15 * seconds)
        .describe(
          'How often to look again when a turn waits for an agent to be added or the vault to be unlocked.',
        ),
    })
    .check(atMost('retryMsMin', 'retryMsMax'))
    .prefault({}),
  outbox: z
    .strictObject({
      depthMax: count
        .default(100_000)
        .describe('Parts of one connector that may be pending; further sends are refused with 503.'),
      inFlightMax: count.default(256).describe('Attempts under way at once.'),
      perConnectorMax: count.default(32).describe('The same for one connector.'),
      attemptMs: ms.default(30 * seconds).describe('The longest that one attempt may take.'),
      attemptsMax: count.default(8).describe('Attempts per part, waits not counted.'),
      deferralsMax: count.default(500).describe('Waits per part that the platform asked for.'),
      ageMsMax: ms.default(24 * hours).describe('A part that keeps failing for longer than this is dead.'),
      retryMsMin: ms
        .default(1 * seconds)
        .describe('The wait after the first failed attempt; doubles from there.'),
      retryMsMax: ms.default(5 * minutes).describe('The longest such wait.'),
      onUnknown: z
        .enum(['resend-labelled', 'hold'])
        .default('resend-labelled')
        .describe(
          'When nobody can tell whether a message was applied: send it again with a label, or hold it for a person to decide.',
        ),
    })
    .check(atMost('retryMsMin', 'retryMsMax'))
    .prefault({}),
  worker: z
    .strictObject({
      leaseMs: ms
        .default(30 * seconds)
        .describe(
          'How long a killed daemon’s rows stay taken. Its next start in the same state directory takes them at once.',
        ),
      pollMs: ms.default(5 * seconds).describe('The safety net under the wake-ups.'),
      graceMs: z
        .int()
        .nonnegative()
        .default(10 * seconds)
        .describe('How long a stop lets work go on.'),
    })
    .prefault({}),
  connectors: z
    .strictObject({
      backoffMsMin: ms
        .default(500)
        .describe('The wait before the first restart of a session; doubles from there.'),
      backoffMsMax: ms.default(1 * minutes).describe('The longest such wait.'),
      stableMs: ms.default(1 * minutes).describe('A session that lived this long ends the row of failures.'),
      failuresMax: count.default(8).describe('Failures in a row that open the breaker.'),
      breakerMs: ms.default(5 * minutes).describe('How long the open breaker waits.'),
      openTimeoutMs: ms.default(30 * seconds).describe('The longest that opening a session may take.'),
      claimMs: ms
        .default(20 * seconds)
        .describe('How long a killed daemon’s connectors stay taken. Its next start takes them at once.'),
    })
    .check(atMost('backoffMsMin', 'backoffMsMax'))
    .prefault({}),
  attachments: z
    .strictObject({
      bytesMax: count.default(10 * mib).describe('The largest file that is taken with a message.'),
      countMax: count.default(8).describe('Files that are taken with one message.'),
      totalBytesMax: count.default(20 * mib).describe('Bytes of all files of one message.'),
      types: z
        .array(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'must be a media type such as image/png'))
        .default([
          'image/png',
          'image/jpeg',
          'image/webp',
          'image/gif',
          'application/pdf',
          'text/plain',
          'audio/ogg',
          'audio/mpeg',
        ])
        .describe('What is taken, by what the bytes are and not by what the sender says.'),
      timeoutMs: ms.default(30 * seconds).describe('The longest that fetching one may take.'),
      storeBytesMax: count.default(1024 * mib).describe('Bytes of all files that are kept.'),
      keepMs: ms.default(7 * days).describe('How long a file is kept after it was last used.'),
    })
    .prefault({}),
  ingress: z
    .strictObject({
      headersTimeoutMs: ms
        .default(10 * seconds)
        .describe('The longest that the headers of a request may take.'),
      requestTimeoutMs: ms.default(30 * seconds).describe('The longest that a whole request may take.'),
      bodiesBytesMax: count
        .default(256 * 1024 * 1024)
        .describe('Bytes of request bodies in memory at once; more are refused with 503.'),
      connectionsMax: count.default(2_000).describe('Connections at once.'),
      rejectedKeptMax: count.default(500).describe('Refused deliveries kept per integration.'),
      rejectedBodyBytesMax: z
        .int()
        .nonnegative()
        .default(256 * 1024)
        .describe('The largest body that is kept of a refused delivery; without it, it cannot be replayed.'),
    })
    .prefault({}),
  admin: z
    .strictObject({
      requestsPerSecond: count.default(50).describe('Requests per second and address, outside loopback.'),
      requestsPerSecondLoopback: count.default(1_000).describe('The same on loopback.'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      contentsMs: ms
        .default(14 * days)
        .describe('How long texts and payloads are kept after an event or message has ended.'),
      tombstonesMs: ms
        .min(repeatsMsMin, 'must be at least 172800000 (48 hours): platforms repeat what is a day old')
        .default(90 * days)
        .describe(
          'How long repeats are recognised: at least 48 hours, which is longer than any connector reads back.',
        ),
      deadLettersMs: ms.default(90 * days).describe('How long dead letters wait for a decision.'),
      journalMs: ms.default(30 * days).describe('How long steps can be traced.'),
      auditMs: ms.default(365 * days).describe('How long changes by operators are kept.'),
      activityMs: ms.default(2 * days).describe('How long per-minute counts are kept.'),
      everyMs: ms.default(1 * minutes).describe('How often retention looks for something to remove.'),
    })
    .prefault({}),
});

export type Config = z.infer<typeof Config>;

/** Settings from elsewhere than the file: each with what it is called there. They win over the file. */
export type Overrides = Readonly<
  Partial<Record<'publicUrl' | 'logLevel', { readonly from: string; readonly value: string }>>
>;

/**
 * Reads `config.json` of the state directory; a file that is not there means the defaults.
 * @throws AppError `config_invalid` that names every mistake by its key, and no value: it may be a secret.
 */
export function loadConfig(stateDir: string, overrides: Overrides = {}): Config {
  const file = join(stateDir, 'config.json');
  const given = readObject(file);
  const set = Object.entries(overrides).map(([key, { value }]) => [key, value]);
  const parsed = Config.safeParse({ ...given, ...Object.fromEntries(set) });
  if (parsed.success) return parsed.data;
  throw new AppError('config_invalid', `${mistakesIn(file, parsed.error.issues, overrides)}.`);
}

/** More would not be read. */
const mistakesNamedMax = 20;

/** Those of the file after its name, then those from elsewhere. */
function mistakesIn(file: string, issues: readonly z.core.$ZodIssue[], overrides: Overrides): string {
  const inFile: string[] = [];
  const elsewhere: string[] = [];
  for (const { path, message } of issues.slice(0, mistakesNamedMax)) {
    const key = path.join('.');
    const from = Object.entries(overrides).find(([name]) => name === key)?.[1].from;
    if (from !== undefined) elsewhere.push(`${from}: ${message}`);
    else inFile.push(key === '' ? message : `${key}: ${message}`);
  }
  const more = issues.length - mistakesNamedMax;
  return [
    ...(inFile.length > 0 ? [`${file}: ${inFile.join('; ')}`] : []),
    ...elsewhere,
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('; ');
}

/** Tells apart what `config.json` says at two times, however it is laid out. @throws AppError `config_invalid`. */
export function configHash(stateDir: string): string {
  const given = readObject(join(stateDir, 'config.json'));
  return createHash('sha256').update(JSON.stringify(given)).digest('hex').slice(0, 16);
}

const notThere = new Set(['ENOENT', 'ENOTDIR']);

function readObject(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (notThere.has((cause as NodeJS.ErrnoException).code ?? '')) return {};
    throw new AppError('config_invalid', `${file} cannot be read.`, { cause });
  }
  const value = parseJson(text, file);
  if (isObject(value)) return value;
  throw new AppError('config_invalid', `${file} must be a JSON object, for example {}.`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('config_invalid', `${file} is not valid JSON.`, { cause });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
