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
  'a\nb\x08\x7f\x00',
  '\u2028\u2029',
].join(' ');

/** What shows texts of people and platforms, by the commands that show it. */
const readers = [
  [
    'channels',
    'test',
    'echo:evil',
    '--text',
    evil,
    '--conversation',
    `room ${evil}`,
    '--message-id',
    `id ${evil}`,
  ],
  ['channels', 'test', 'echo:evil', '--text', `[nack] ${evil}`, '--conversation', `room ${evil}`],
  ['message', 'send', 'echo:evil', `room ${evil}`, '--text', `[nack] ${evil}`, '--wait'],
  ['channels', 'status', 'echo:evil'],
  ['channels', 'dead-letters', 'list'],
  ['channels', 'logs', 'echo:evil'],
  ['logs'],
  ['trace', 'latest'],
  ['why', 'latest'],
  ['why', `evt_${evil}`],
  ['trace', evil],
  ['webhooks', 'show', evil],
  ['agents', 'remove', evil],
  ['channels', 'pause', evil],
  ['agents', 'test', 'echo', '--text', evil],
  ['router', 'preview', 'echo:evil', '--conversation', evil, '--sender', 'x'],
  ['webhooks', 'deliveries', 'evil'],
  ['doctor'],
] as const;

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

  for (const argv of readers)
    for (const json of [[], ['--json']]) {
      const { stdout, stderr } = await palyra(daemon, ...argv, ...json);
      const where = `${argv.slice(0, 3).join(' ')} ${json.join('')}`;
      expect(stdout, where).not.toMatch(unsafe);
      expect(stderr, where).not.toMatch(unsafe);
      expect(`${stdout}${stderr}`, where).not.toBe('');
    }
});

it('keeps every character in JSON, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), async (text) => {
      fc.pre(text.isWellFormed() && text.trim() !== '');

      const { stdout } = await palyra(daemon, 'agents', 'test', 'echo', '--text', `x${text}`, '--json');

      expect(stdout).not.toMatch(unsafe);
      const { messages } = JSON.parse(stdout) as { messages: { text: string }[] };
      expect(messages[0]?.text).toBe(`echo: x${text}`);
    }),
    { numRuns: 60 },
  );
});
