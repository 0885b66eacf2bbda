import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { AppError } from './domain/errors.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'palyra-config-'));
});

afterEach(() => rmSync(stateDir, { recursive: true }));

function write(config: unknown): void {
  writeFileSync(join(stateDir, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
}

function refused(load: () => unknown): AppError {
  try {
    load();
  } catch (thrown) {
    return AppError.from(thrown);
  }
  throw new Error('It was taken.');
}

describe('the configuration', () => {
  it('is the defaults when there is no file', () => {
    expect(loadConfig(stateDir)).toMatchObject({
      logLevel: 'info',
      outbox: { onUnknown: 'resend-labelled' },
    });
  });

  it('is the defaults, too, when there is no state directory yet, or when it is no directory', () => {
    writeFileSync(join(stateDir, 'file'), '');

    expect(loadConfig(join(stateDir, 'none'))).toEqual(loadConfig(stateDir));
    expect(loadConfig(join(stateDir, 'file'))).toEqual(loadConfig(stateDir));
  });

  it('keeps the defaults beside what the file says', () => {
    write({ outbox: { attemptsMax: 3 }, logLevel: 'warn' });

    const config = loadConfig(stateDir);

    expect(config.outbox).toEqual({ ...loadConfig(join(stateDir, 'none')).outbox, attemptsMax: 3 });
    expect(config.logLevel).toBe('warn');
  });

  it('lets flags and the environment win over the file', () => {
    write({ logLevel: 'warn', publicUrl: 'https://file.example' });

    const config = loadConfig(stateDir, {
      publicUrl: { from: '--public-url', value: 'https://flag.example' },
    });

    expect(config).toMatchObject({ logLevel: 'warn', publicUrl: 'https://flag.example' });
  });

  it.each<[string, unknown, RegExp]>([
    ['text that is no JSON', '{x', /config\.json is not valid JSON\.$/],
    ['an empty file', '', /config\.json is not valid JSON\.$/],
    ['a list', [], /config\.json must be a JSON object, for example \{\}\.$/],
    ['nothing', 'null', /config\.json must be a JSON object/],
    ['an unknown key', { inbx: {} }, /config\.json: Unrecognized key: "inbx"\.$/],
    ['an unknown key below', { inbox: { x: 1 } }, /config\.json: inbox: Unrecognized key: "x"\.$/],
    ['a wrong type', { inbox: { depthMax: 'many' } }, /config\.json: inbox\.depthMax: .*expected number/],
    [
      'a bound that is under another',
      { inbox: { retryMsMin: 9, retryMsMax: 1 } },
      /inbox\.retryMsMin: must not be more than retryMsMax/,
    ],
    [
      'repeats that are forgotten before a platform stops making them',
      { retention: { tombstonesMs: 48 * 3_600_000 - 1 } },
      /retention\.tombstonesMs: must be at least 172800000 \(48 hours\)/,
    ],
    [
      'more turns of a bot than can be counted every time',
      { inbox: { botTurnsPerDayMax: 10_001 } },
      /inbox\.botTurnsPerDayMax: .*<=10000/,
    ],
    ['a proxy that is no block', { trustedProxies: ['home'] }, /trustedProxies\.0: /],
    ['an address with a query', { publicUrl: 'https://a.example/?x' }, /publicUrl: must have no query/],
    ['an unknown source of the key', { masterKey: { kind: 'wish' } }, /masterKey\.kind: /],
  ])('refuses %s, and says where', (_what, config, why) => {
    write(config);

    expect(() => loadConfig(stateDir)).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(why) }),
    );
  });

  it('names every mistake of the file and of the flags at once, and no value', () => {
    write({
      inbx: {},
      trustedProxies: ['http://user:hunter2@proxy'],
      masterKey: 'hunter2',
      inbox: { depthMax: 'hunter2', retryMsMin: 400_000, x: 1 },
      outbox: { onUnknown: 'hunter2' },
    });
    const logLevel = { from: '--log-level', value: 'hunter2' };

    const refusal = refused(() => loadConfig(stateDir, { logLevel }));

    expect(refusal.code).toBe('config_invalid');
    expect(refusal.message.replace(`${stateDir}/`, '').split('; ')).toEqual([
      'config.json: trustedProxies.0: must be an address block such as 10.0.0.0/8 or 2001:db8::/32',
      'masterKey: Invalid input: expected object, received string',
      'inbox.depthMax: Invalid input: expected number, received string',
      'inbox: Unrecognized key: "x"',
      'inbox.retryMsMin: must not be more than retryMsMax',
      'outbox.onUnknown: Invalid option: expected one of "resend-labelled"|"hold"',
      'Unrecognized key: "inbx"',
      expect.stringMatching(/^--log-level: Invalid option: expected one of "debug"/),
    ]);
  });

  it('counts the mistakes that are too many to be read', () => {
    write({ trustedProxies: Array.from({ length: 30 }, () => 'home') });

    const { message } = refused(() => loadConfig(stateDir));

    expect(message).toMatch(/trustedProxies\.19: [^;]+; and 10 more\.$/);
  });

  it('refuses a file that cannot be read', () => {
    mkdirSync(join(stateDir, 'config.json'));

    expect(() => loadConfig(stateDir)).toThrow(/config\.json cannot be read\.$/);
  });

  it('names the flag when it is the flag that is wrong', () => {
    const publicUrl = { from: '--public-url / PALYRA_PUBLIC_URL', value: 'ftp://a.example' };

    expect(() => loadConfig(stateDir, { publicUrl })).toThrow(/^--public-url \/ PALYRA_PUBLIC_URL: /);
  });
});
