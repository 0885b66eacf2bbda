import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAdapters } from '../../src/connectors/registry.ts';
import { asJson, good, palyra } from '../support/cli.ts';
import { openDaemon, type TestDaemon, type Trace, until } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';
import { ScriptedAdapter } from '../support/scripted-adapter.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

interface Sent {
  readonly message: string;
  readonly added: boolean;
  readonly parts: readonly { readonly state: string; readonly address: object; readonly operation: object }[];
}

interface DeadLetters {
  readonly items: readonly { readonly id: string; readonly reason: string }[];
}

function send(...rest: readonly string[]): Promise<Sent> {
  return asJson<Sent>(daemon, 'message', 'send', 'echo:default', 'room', ...rest);
}

describe('message send', () => {
  it('with --wait answers when the platform has it', async () => {
    const sent = await send('--text', 'hello', '--wait');

    expect(sent.parts).toMatchObject([{ state: 'delivered', operation: { op: 'send', text: 'hello' } }]);
  });

  it('with --wait shows a person the timeline', async () => {
    const text = await good(daemon, 'message', 'send', 'echo:default', 'room', '--text', 'hi', '--wait');

    expect(text).toMatch(/^msg_\S+ {2}delivered \(delivered\) [^]* attempt .*outcome=delivered/);
  });

  it('with --wait fails when the platform refuses it', async () => {
    const ran = await palyra(daemon, 'message', 'send', 'echo:default', 'r', '--text', '[nack]', '--wait');

    expect(ran.exit).toBe(69);
    expect(ran.stdout).toMatch(/^msg_\S+ {2}dead \(platform_rejected\)/);
    expect(ran.stderr).toMatch(
      /^palyra: The message ended as dead \(platform_rejected\)\. See: palyra why msg_\S+\n$/,
    );
  });

  it('with --wait says that it is not over yet, when the time is', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'slow');
    await good(daemon, 'channels', 'pause', 'echo:slow');

    const ran = await palyra(
      daemon,
      ...['message', 'send', 'echo:slow', 'r', '--text', 'hi', '--wait', '--timeout', '0.05'],
    );

    expect(ran).toMatchObject({ exit: 75, stderr: expect.stringContaining('is still delivering') });
  });

  it('puts the message into a thread, as an answer to another', async () => {
    const sent = await send('--text', 'hi', '--thread', 't1', '--reply-to', 'm1', '--wait');

    expect(sent.parts[0]?.address).toEqual({
      connector: 'echo:default',
      conversation: 'room',
      thread: 't1',
      message: 'm1',
    });
  });

  it('goes to where a turn came from, as often as there is something to say', async () => {
    const place = ['--conversation', 'room', '--message-id', 'm7'];
    const { event } = await asJson<{ event: string }>(daemon, 'channels', 'test', 'echo:default', ...place);
    const send = (...rest: readonly string[]): Promise<Sent> =>
      asJson<Sent>(daemon, 'message', 'send', '--turn', ...rest, '--text', 'Done at last.', '--wait');

    const sent = await send(event.replace('evt_', 'turn_'));
    const reply = await send(event, '--reply');

    const address = { connector: 'echo:default', conversation: 'room' };
    expect(sent.parts).toMatchObject([{ state: 'delivered', address }]);
    expect(sent.parts[0]?.address).toEqual(address);
    expect(reply.parts[0]?.address).toEqual({ ...address, message: 'm7' });
  });

  it('sends once under one idempotency key, and refuses another message under it', async () => {
    const first = await send('--text', 'hello', '--idempotency-key', 'k1');
    const again = await send('--text', 'hello', '--idempotency-key', 'k1');
    const text = await good(
      daemon,
      ...['message', 'send', 'echo:default', 'room', '--text', 'hello', '--idempotency-key', 'k1'],
    );
    const other = await palyra(
      daemon,
      ...['message', 'send', 'echo:default', 'room', '--text', 'bye', '--idempotency-key', 'k1'],
    );

    expect([first.added, again.added, again.message]).toEqual([true, false, first.message]);
    expect(text).toContain('It had been sent before under this key.');
    expect(other).toMatchObject({ exit: 75, stderr: expect.stringContaining('Use a new key') });
  });

  it('reads the text from standard input, as it is but for the last line end', async () => {
    const shell = { stateDir: daemon.stateDir, stdin: 'two\nlines — ünïcode\n' };

    const sent = await asJson<Sent>(shell, 'message', 'send', 'echo:default', 'room');

    expect(sent.parts[0]?.operation).toEqual({ op: 'send', text: 'two\nlines — ünïcode' });
  });

  it('tells the person at a terminal that it waits for the text', async () => {
    const shell = { stateDir: daemon.stateDir, typed: [], stdin: 'hi\n' };

    const ran = await palyra(shell, 'message', 'send', 'echo:default', 'room');

    expect(ran).toMatchObject({ exit: 0, stderr: expect.stringContaining('Ctrl-D') });
  });

  it.each([
    ['an empty text', ['echo:default', 'room', '--text', ''], 64, /The message is empty/],
    ['what is no place', ['echo:default', 'my room', '--text', 'x'], 64, /That is not an echo conversation/],
    ['what is no thread', ['echo:default', 'r', '--thread', ' ', '--text', 'x'], 64, /not an echo thread/],
    ['an unknown connector', ['echo:nobody', 'room', '--text', 'x'], 69, /See: palyra channels list/],
    ['what is no connector', ['nonsense', 'room', '--text', 'x'], 64, /Write <kind>:<account>/],
    ['no conversation', ['echo:default', '--text', 'x'], 64, /Give <connector> and <conversation>/],
    [
      'a place besides a turn',
      ['echo:default', 'r', '--turn', 'turn_1', '--text', 'x'],
      64,
      /--turn <id> alone/,
    ],
    [
      'a thread besides a turn',
      ['--turn', 'turn_1', '--thread', 't', '--text', 'x'],
      64,
      /--turn <id> alone/,
    ],
    ['a reply to no turn', ['echo:default', 'r', '--reply', '--text', 'x'], 64, /--turn <id> alone/],
    ['an unknown turn', ['--turn', 'turn_1', '--text', 'x'], 69, /no such turn/],
    ['a text over the limit', ['echo:default', 'r', '--text', 'x'.repeat(140_000)], 64, /text/],
  ])('refuses %s', async (_what, argv, exit, why) => {
    const ran = await palyra(daemon, 'message', 'send', ...argv);

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('channels test', () => {
  it.each([
    ['[rate-limit-once]', /code=rate_limited retry_at=\d{4}-\d\d-\d\d .*Z/],
    ['[connector-crash-once]', /code=connector_restarting/],
    ['[reply-lost-once]', /outcome=unknown .*code=answer_lost[^]*outcome=reconciled/],
  ])('shows how the connector comes through %s', async (token, step) => {
    const text = await good(daemon, 'channels', 'test', 'echo:default', '--text', `${token} hello`);

    expect(text).toMatch(step);
    expect(text).toMatch(/outcome +state=delivered/);
  });

  it('fails when the answer is refused', async () => {
    const ran = await palyra(daemon, 'channels', 'test', 'echo:default', '--text', '[nack]');

    expect(ran).toMatchObject({ exit: 69, stderr: expect.stringContaining('See: palyra why evt_') });
    expect(ran.stdout).toContain('reply  echo: [nack]  (dead)');
  });

  it('says that the same message again is a duplicate', async () => {
    await good(daemon, 'channels', 'test', 'echo:default', '--message-id', 'm1');

    const text = await good(daemon, 'channels', 'test', 'echo:default', '--message-id', 'm1');

    expect(text).toMatch(/^This message was accepted before; nothing new happens\.\n[^]*deduplicated/);
  });

  it('waits for a session that is just being opened', async () => {
    const slow = new ScriptedAdapter({ kind: 'slow' });
    const open = Promise.withResolvers<undefined>();
    slow.onOpen = async (host) => {
      await open.promise;
      return slow.newSession(host);
    };
    const own = await openDaemon({ adapters: [...defaultAdapters(), slow] });
    await good(own, 'channels', 'add', '--provider', 'slow');
    await until(() => slow.opened === 1 || undefined);

    const testing = palyra(own, 'channels', 'test', 'slow:default');
    await good(own, 'status');
    open.resolve(undefined);

    expect(await testing).toMatchObject({
      exit: 65,
      stderr: expect.stringContaining('cannot make up messages'),
    });
  });

  it('fails for a connector that is switched off, with the command that shows why', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'off', '--disabled');

    const ran = await palyra(daemon, 'channels', 'test', 'echo:off');

    expect(ran).toMatchObject({
      exit: 69,
      stderr: expect.stringContaining('palyra channels status echo:off'),
    });
  });
});

describe('channels', () => {
  it('shows all connectors in full when none is named', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'second');

    const text = await good(daemon, 'channels', 'status');
    const list = await asJson<readonly { id: string }[]>(daemon, 'channels', 'status');

    expect(text).toMatch(/^connector {2}echo:default\n[^]*\n\nconnector {2}echo:second\n/m);
    expect(list.map(({ id }) => id)).toContain('echo:second');
  });

  it('keeps what a change does not name', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'kept', '--disabled');
    const ref = ['--secret-ref', 'global/mine'];

    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'kept', ...ref);
    const again = await asJson(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'kept');

    expect(again).toMatchObject({ enabled: false, secretRef: 'global/mine' });
  });

  it.each([
    ['an unknown platform', ['--provider', 'nope'], 64, /Known: .*echo/],
    ['no platform', [], 64, /required option '--provider <kind>'/],
    [
      'settings that are no JSON object',
      ['--provider', 'echo', '--config', '[1]'],
      64,
      /--config is not a JSON object/,
    ],
    ['settings that the platform does not know', ['--provider', 'echo', '--config', '{"x":1}'], 64, /"x"/],
  ])('refuses %s', async (_what, argv, exit, why) => {
    const ran = await palyra(daemon, 'channels', 'add', ...argv);

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('dead letters', () => {
  it('are listed, shown, replayed and discarded', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'dead');
    await palyra(daemon, 'message', 'send', 'echo:dead', 'r', '--text', '[nack] for good', '--wait');

    const listed = await asJson<DeadLetters>(daemon, 'channels', 'dead-letters', 'list', 'echo:dead');
    const id = listed.items[0]?.id ?? '';
    const shown = await asJson<{ contents: object }>(daemon, 'channels', 'dead-letters', 'show', id);
    await good(daemon, 'channels', 'dead-letters', 'replay', id);
    const replayed = await daemon.traceUntil(id);
    await good(daemon, 'channels', 'dead-letters', 'discard', id);
    const left = await good(daemon, 'channels', 'dead-letters', 'list', 'echo:dead');
    const again = await palyra(daemon, 'channels', 'dead-letters', 'discard', id);

    expect(listed.items).toMatchObject([{ reason: 'platform_rejected' }]);
    expect(shown.contents).toMatchObject({ operation: { op: 'send', text: '[nack] for good' } });
    expect(replayed.state).toBe('dead');
    expect(replayed.steps.map(({ kind }) => kind)).toContain('operator');
    expect(left).toBe('No dead letters.\n');
    expect(again).toMatchObject({ exit: 75, stderr: expect.stringContaining('is discarded') });
  });

  it('say so when there are more than were asked for', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'many');
    for (const room of ['first', 'second'])
      await palyra(daemon, 'message', 'send', 'echo:many', room, '--text', '[nack]', '--wait');

    const ran = await palyra(daemon, 'channels', 'dead-letters', 'list', 'echo:many', '--limit', '1');

    expect(ran).toMatchObject({ exit: 0, stderr: 'There are more: see --limit.\n' });
  });

  it.each([['show'], ['replay'], ['discard']])('cannot %s one that is not there', async (verb) => {
    const ran = await palyra(daemon, 'channels', 'dead-letters', verb, 'prt_nothing');

    expect(ran).toMatchObject({ exit: 69, stdout: '' });
  });
});

describe('trace and why', () => {
  it('answer programs with state, reason and the steps', async () => {
    const { event } = await asJson<{ event: string }>(daemon, 'channels', 'test', 'echo:default');

    const trace = await asJson<Trace>(daemon, 'trace', event);

    expect(trace).toMatchObject({ id: event, state: 'delivered', reason: 'delivered' });
    expect(trace.steps.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['accepted', 'gated', 'turn', 'part', 'attempt', 'outcome']),
    );
    for (const { at } of trace.steps) expect(Math.abs(at - Date.now())).toBeLessThan(600_000);
  });

  it('take the ids of everything that belongs to an event', async () => {
    const { trace } = await asJson<{ trace: Trace }>(daemon, 'channels', 'test', 'echo:default');
    const [part] = trace.parts;
    const turn = trace.id.replace('evt_', 'turn_');

    const ids = [trace.id, turn, part?.id, part?.message, part?.platformIds[0]];
    const traces = await Promise.all(ids.map((id) => asJson<Trace>(daemon, 'trace', id ?? '')));

    expect(traces.map(({ id }) => id)).toEqual(ids.map(() => trace.id));
  });

  it('take the newest event by the word latest', async () => {
    const { event } = await asJson<{ event: string }>(daemon, 'channels', 'test', 'echo:default');

    const trace = await asJson<Trace>(daemon, 'trace', 'latest');
    const why = await asJson<{ id: string }>(daemon, 'why', 'latest');

    expect([trace.id, why.id]).toEqual([event, event]);
  });

  it('say in one sentence why something is dead, with the rule and the platform’s words', async () => {
    await palyra(daemon, 'channels', 'test', 'echo:default', '--text', '[nack]');

    const text = await good(daemon, 'why', 'latest');

    expect(text.split('\n')[0]).toBe(
      'It is dead: The platform refused the message for good; The message asked to be refused; rule echo.',
    );
  });

  it('say why something is ignored, and what to do', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'unruled');
    await palyra(daemon, 'channels', 'test', 'echo:unruled');

    const text = await good(daemon, 'why', 'latest');

    expect(text).toBe('It was ignored: No rule selects this event.\nAdd one: palyra router rules set.\n');
  });

  it('say what keeps a message from going out, until it goes', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'halted');
    await good(daemon, 'channels', 'pause', 'echo:halted', '--reason', 'migration');
    const sent = await asJson<Sent>(daemon, 'message', 'send', 'echo:halted', 'room', '--text', 'late');

    const paused = await good(daemon, 'why', sent.message);
    await good(daemon, 'channels', 'resume', 'echo:halted');
    await until(async () => (await daemon.trace(sent.message)).settled || undefined);

    expect(paused.split('\n')[0]).toBe('It is on the way: The operator paused the queue; migration.');
    expect(await good(daemon, 'why', sent.message)).toBe('It was delivered: The platform has it.\n');
  });

  it.each(['trace', 'why'])('%s fails for an id that nobody knows', async (command) => {
    const ran = await palyra(daemon, command, 'evt_nothing');

    expect(ran).toMatchObject({ exit: 69, stdout: '', stderr: expect.stringContaining('evt_nothing') });
  });
});

it('has nothing to show as latest before anything has come in', async () => {
  const empty = await openDaemon();

  const ran = await palyra(empty, 'trace', 'latest');

  expect(ran).toMatchObject({ exit: 69, stderr: 'palyra: No event has come in yet.\n' });
});
