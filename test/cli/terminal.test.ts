import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { palyra } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

/** Everything that moves a cursor, rings, changes a title, or turns text around; line ends are the layout's. */
const unsafe = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const evil = [
  '\x1b[2J\x1b[H',
  '\x1b]0;owned\x07',
  '\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\',
  '\x9b31m',
  '\u202egpj.exe',
  '\u2066\u2069\u200f',
  '\rpalyra: all is well',
  'a\nb\x08\x7f',
  '\u2028\u2029',
].join(' ');

const said = ['--text', evil, '--conversation', `room ${evil}`, '--message-id', `id ${evil}`];

/** What shows texts of people and platforms, with the exit code that says that it came so far. */
const readers: readonly (readonly [number, ...(readonly string[])])[] = [
  [0, 'channels', 'test', 'echo:evil', ...said],
  [69, 'channels', 'test', 'echo:evil', '--text', `[nack] ${evil}`],
  [69, 'message', 'send', 'echo:evil', 'room', '--text', `[nack] ${evil}`, '--wait'],
  [64, 'message', 'send', 'echo:evil', `room ${evil}`, '--text', 'x'],
  [0, 'channels', 'status', 'echo:evil'],
  [0, 'channels', 'dead-letters', 'list'],
  [0, 'channels', 'logs', 'echo:evil'],
  [0, 'logs'],
  [0, 'trace', 'latest'],
  [0, 'why', 'latest'],
  [69, 'why', `evt_${evil}`],
  [69, 'trace', evil],
  [69, 'webhooks', 'show', evil],
  [69, 'agents', 'remove', evil],
  [64, 'channels', 'pause', evil],
  [0, 'agents', 'test', 'echo', '--text', evil],
  [64, 'router', 'preview', 'echo:evil', '--conversation', evil, '--sender', 'x'],
  [0, 'webhooks', 'deliveries', 'evil'],
  [0, 'doctor'],
];

it('lets nothing that a platform said reach the terminal raw, in text and in JSON', async () => {
  const rule = ['--source', 'echo:evil', '--agent', 'echo', '--direct-messages', 'allow'];
  await palyra(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'evil');
  await palyra(daemon, 'router', 'rules', 'set', 'evil', ...rule, '--response-prefix', 'so: ');
  await palyra(daemon, 'webhooks', 'add', 'evil', 'github', '--generate-secret');
  const { url } = await daemon.api('GET /webhooks/{id}', { params: { id: 'evil' } });
  const response = await fetch(url, {
    method: 'POST',
    body: '{}',
    headers: { 'x-github-event': 'a\u009b\u00a0b', 'x-github-delivery': 'd\u0085' },
  });
  await response.arrayBuffer();

  for (const [exit, ...argv] of readers)
    for (const json of [[], ['--json']]) {
      const ran = await palyra(daemon, ...argv, ...json);
      const where = `${argv.slice(0, 3).join(' ')} ${json.join('')}`;
      expect(ran.stdout, where).not.toMatch(unsafe);
      expect(ran.stderr, where).not.toMatch(unsafe);
      expect([ran.exit, ran.stderr], where).toEqual([exit, exit === 0 ? '' : expect.any(String)]);
    }
  const dead = await palyra(daemon, 'channels', 'dead-letters', 'list', '--json');
  for (const { id } of (JSON.parse(dead.stdout) as { items: { id: string }[] }).items) {
    const shown = await palyra(daemon, 'channels', 'dead-letters', 'show', id);
    expect(shown).toMatchObject({ exit: 0, stdout: expect.stringContaining('palyra: all is well') });
    expect(shown.stdout).not.toMatch(unsafe);
  }
});

it('keeps every character in JSON, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), async (text) => {
      fc.pre(text.isWellFormed() && !text.includes('\0'));

      const { stdout } = await palyra(daemon, 'agents', 'test', 'echo', '--text', `x${text}`, '--json');

      expect(stdout).not.toMatch(unsafe);
      const { messages } = JSON.parse(stdout) as { messages: { text: string }[] };
      expect(messages[0]?.text).toBe(`echo: x${text}`);
    }),
    { numRuns: 60 },
  );
});
