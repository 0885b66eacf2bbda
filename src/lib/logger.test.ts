import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { AppError } from '../domain/errors.ts';
import { createLogger, describeError, type Logger, type LogSink } from './logger.ts';
import { Redactor } from './redact.ts';

function logTo(lines: string[], sink: Partial<LogSink> = {}, redactor = new Redactor()): Logger {
  const write = (line: string): void => void lines.push(line);
  return createLogger({ write, format: 'json', level: 'debug', ...sink }, { now: () => 0 }, redactor);
}

describe('levels', () => {
  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('writes from %s on', (level, written) => {
    const lines: string[] = [];
    const log = logTo(lines, { level });

    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]('thing.happened');

    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(written);
  });
});

describe('JSON lines', () => {
  it('have the time, the level, the event and the fields, those of `with` too', () => {
    const lines: string[] = [];

    logTo(lines).with({ connector_id: 'echo:default' }).info('thing.happened', { code: 'x' });

    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"thing.happened","connector_id":"echo:default","code":"x"}\n',
    ]);
  });

  it('let no field pass for the time, the level or the event', () => {
    const lines: string[] = [];

    logTo(lines).warn('thing.happened', { time: 'never', level: 'info', event: 'all.well' });

    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      event: 'thing.happened',
    });
  });

  it('are one line of JSON, whatever the fields are', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const lines: string[] = [];

    logTo(lines).info('thing.happened', { text: 'a\nb', big: 1n, circular, call: () => 1, none: undefined });

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]*\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'thing.happened',
      text: 'a\nb',
      big: '1',
      circular: '[cannot be written]',
      call: '[function]',
    });
  });
});

describe('text lines', () => {
  it('read well', () => {
    const lines: string[] = [];

    logTo(lines, { format: 'text' }).warn('delivery.attempted', {
      code: 'rate_limited',
      n: 3,
      no: undefined,
    });

    expect(lines).toEqual(['00:00:00 warn  delivery.attempted  code=rate_limited  n=3\n']);
  });

  it('hold no character that ends the line, moves the cursor or turns text around, whatever is logged', () =>
    fc.assert(
      fc.property(anyText(30), (text) => {
        const lines: string[] = [];

        logTo(lines, { format: 'text' }).info('thing.happened', {
          text,
          list: [text],
          error: new Error(text),
        });

        expect(lines).toHaveLength(1);
        expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
      { numRuns: 500 },
    ));

  it.each(['\u001b[2J', '\u009b2J', '\u007f', '\u202e', '\u2028', '\r', '\u{e0041}', 'a=b c', '"'])(
    'quote %j, so that it cannot be taken for something else',
    (text) => {
      const lines: string[] = [];

      logTo(lines, { format: 'text' }).info('thing.happened', { text });

      const written = /text=(.*)\n$/.exec(lines[0] ?? '')?.[1] ?? '';
      expect(written).toMatch(/^"[\x20-\x7e]*"$/);
      expect(JSON.parse(written)).toBe(text);
    },
  );
});

it.each(['json', 'text'] as const)('writes no secret into a %s line, wherever it comes from', (format) => {
  const lines: string[] = [];
  const redactor = new Redactor();
  redactor.add('tok"en-1234');
  const cause = new Error('GET /bot-tok"en-1234');

  logTo(lines, { format }, redactor).error('thing.failed', {
    error: new AppError('unavailable', 'It failed.', { cause }),
    url: 'https://x/tok%22en-1234',
  });

  expect(lines[0]).not.toContain('en-1234');
  expect(lines[0]).toContain('[secret]');
});

describe('describeError', () => {
  it('tells an AppError by code and message, with what caused it', () => {
    const error = new AppError('unavailable', 'The disk is full.', {
      cause: new AppError('internal', 'why'),
    });

    expect(describeError(error)).toBe('unavailable: The disk is full. <- internal: why');
  });

  it('comes to an end where causes go in a circle', () => {
    const error = new AppError('internal', 'a');
    error.cause = error;

    expect(describeError(error).length).toBeLessThan(200);
  });

  it('says of what is no error only what it is', () => {
    expect(describeError({ token: 's3cr3t' })).toBe('thrown: object');
  });
});
