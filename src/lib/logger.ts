import { AppError } from '../domain/errors.ts';
import type { Clock } from './clock.ts';
import type { Redactor } from './redact.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Snake-case facts; never message text, headers, payloads or secrets. An `error` is written with its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is `noun.verb_past`. One wide line per unit of work. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  /** One line per unit of work. */
  info(event: string, fields?: LogFields): void;
  /** It healed itself. */
  warn(event: string, fields?: LogFields): void;
  /** Somebody should look. */
  error(event: string, fields?: LogFields): void;
  /** The same logger with `fields` on every line. */
  with(fields: LogFields): Logger;
}

export interface LogSink {
  readonly write: (line: string) => void;
  readonly format: 'json' | 'text';
  readonly level: LogLevel;
}

export function createLogger(
  sink: LogSink,
  clock: Pick<Clock, 'now'>,
  redactor: Redactor,
  base: LogFields = {},
): Logger {
  const threshold = logLevels.indexOf(sink.level);
  const log = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (logLevels.indexOf(level) < threshold) return;
    const head = { time: new Date(clock.now()).toISOString(), level, event };
    // The head comes first, and no field takes its place.
    const line = { ...head, ...base, ...fields, ...head };
    sink.write(redactor.redact(sink.format === 'json' ? toJsonLine(line) : toTextLine(line)));
  };
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
    with: (fields) => createLogger(sink, clock, redactor, { ...base, ...fields }),
  };
}

/** For tests and for tools that have nothing to say. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLogger,
};

function toJsonLine(line: LogFields): string {
  try {
    return `${JSON.stringify(line, replaceUnwritable)}\n`;
  } catch {
    const fields = Object.entries(line)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, JSON.parse(toJson(value)) as unknown]);
    return `${JSON.stringify(Object.fromEntries(fields))}\n`;
  }
}

/** `12:03:11 warn  delivery.attempted  connector_id=echo:default code=rate_limited` */
function toTextLine({ time, level, event, ...fields }: LogFields): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${toWord(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(event)}`;
  return `${[head, ...facts].join('  ')}\n`;
}

function toWord(value: unknown): string {
  return typeof value === 'string' && /^[\x21\x23-\x7e]+$/.test(value) ? value : printable(toJson(value));
}

/** JSON leaves some characters alone that move a terminal's cursor, or turn its text around. */
function printable(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Never throws: what cannot be written says so, and costs nobody the rest of the line. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, replaceUnwritable);
  } catch {
    return '"[cannot be written]"';
  }
}

/** Of what JSON refuses or drops, a word. */
function replaceUnwritable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'function') return '[function]';
  return typeof value === 'bigint' || typeof value === 'symbol' ? value.toString() : value;
}

/** The error and what caused it, in one line of text. */
export function describeError(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : `thrown: ${typeof error}`;
  const own = error instanceof AppError ? `${error.code}: ${error.message}` : (error.stack ?? error.message);
  return error.cause === undefined || depth > 4 ? own : `${own} <- ${describeError(error.cause, depth + 1)}`;
}
