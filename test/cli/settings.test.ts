import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentServer } from '../support/agent-server.ts';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

interface Rule {
  readonly id: string;
  readonly match: Readonly<Record<string, unknown>>;
}

function setRule(id: string, ...flags: readonly string[]): Promise<Rule> {
  return asJson<Rule>(daemon, 'router', 'rules', 'set', id, ...flags);
}

describe('router rules set', () => {
  it('writes what every flag says, and reads identities as the platform writes them', async () => {
    const rule = await setRule(
      'full',
      ...['--position', '7', '--enabled', 'no', '--source', 'echo:none', 'webhook:*'],
      ...['--type', 'message.created', 'webhook', '--conversation', 'a', 'b', '--thread', 't'],
      ...['--sender', 'ada', '--role', 'admin', '--guild', 'g', '--webhook-event', 'push', '--direct', 'no'],
      ...['--action', 'accept', '--agent', 'echo', '--reply-to', 'echo:default/alerts/t9'],
      ...['--allow-from', 'ada', '--deny-from', 'eve', '--direct-messages', 'allowlist'],
      ...['--mention-required', 'no', '--mention-pattern', 'bot', '--broadcast', 'mention_only'],
      ...['--bots', 'allow', '--isolate-by-sender', 'yes', '--response-prefix', '> '],
      ...['--acknowledge-with', '👀'],
    );

    expect(rule).toEqual({
      id: 'full',
      position: 7,
      enabled: false,
      match: {
        sources: ['echo:none', 'webhook:*'],
        types: ['message.created', 'webhook'],
        conversations: ['a', 'b'],
        threads: ['t'],
        senders: expect.any(Array),
        roles: expect.any(Array),
        guilds: expect.any(Array),
        webhookEvents: ['push'],
        direct: false,
      },
      action: 'accept',
      agent: 'echo',
      replyTo: { connector: 'echo:default', conversation: 'alerts', thread: 't9' },
      allowFrom: expect.any(Array),
      denyFrom: expect.any(Array),
      directMessages: 'allowlist',
      mention: { required: false, patterns: ['bot'] },
      broadcast: 'mention_only',
      bots: 'allow',
      isolateSessionBySender: true,
      responsePrefix: '> ',
      acknowledgeWith: '👀',
    });
  });

  it('changes what the flags name and leaves the rest', async () => {
    const before = await setRule('kept', '--source', 'echo:none', '--agent', 'echo', '--bots', 'allow');

    const after = await setRule('kept', '--type', 'command', '--enabled', 'no');

    expect(after).toEqual({
      ...before,
      enabled: false,
      match: { sources: ['echo:none'], types: ['command'] },
    });
  });

  it('takes a whole rule from a file and from standard input, also one that list has printed', async () => {
    await setRule('copied', '--source', 'echo:none', '--agent', 'echo');
    const rules = await asJson<readonly Rule[]>(daemon, 'router', 'rules', 'list');
    const rule = rules.find(({ id }) => id === 'copied');
    const file = join(newStateDir(), 'rule.json');
    closeLater(() => rmSync(join(file, '..'), { recursive: true }));
    writeFileSync(file, JSON.stringify({ match: { sources: ['echo:none'] }, action: 'deny' }));

    const copy = await asJson<Rule>(
      { stateDir: daemon.stateDir, stdin: JSON.stringify(rule) },
      ...['router', 'rules', 'set', 'copy', '--stdin'],
    );
    const fromFile = await setRule('from-file', '--file', file);

    expect(copy).toEqual({ ...rule, id: 'copy' });
    expect(fromFile).toMatchObject({ id: 'from-file', action: 'deny' });
  });

  it.each([
    [['r', '--file', '/nowhere'], /\/nowhere cannot be read/],
    [['r', '--stdin', '--agent', 'echo'], /not both/],
    [['r', '--reply-to', 'echo:default'], /--reply-to is <connector>\/<conversation>/],
    [['r', '--source', 'echo:none'], /agent/],
    [['r', '--source', 'fax:*', '--agent', 'echo'], /no connector kind "fax"/],
    [['a b', '--action', 'deny'], /not a valid rule id/],
  ])('refuses %j', async (argv, why) => {
    const ran = await palyra({ stateDir: daemon.stateDir, stdin: '{}' }, 'router', 'rules', 'set', ...argv);

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('router preview', () => {
  it('decides as the rules in force do, with the reason and what to do', async () => {
    const text = await good(daemon, 'router', 'preview', 'echo:nobody');

    expect(text).toMatch(/^decision {2}ignore \(no_matching_rule\)\nwhy +\S.*\nhint +Add one: /);
  });

  it('takes a webhook for one without being told', async () => {
    await good(daemon, 'webhooks', 'add', 'seen', 'github', '--generate-secret');

    const decision = await asJson(daemon, 'router', 'preview', 'webhook:seen');

    expect(decision).toMatchObject({ action: 'accept', rule: 'webhooks' });
  });
});

describe('agents set', () => {
  it('changes what is named and leaves the rest, switched off or on', async () => {
    const url = ['--url', 'http://127.0.0.1:9/'];
    await good(daemon, 'agents', 'set', 'kept', 'http', ...url, '--timeout-ms', '5000', '--disabled');

    const changed = await asJson(daemon, 'agents', 'set', 'kept', '--concurrency', '3');
    const on = await asJson(daemon, 'agents', 'set', 'kept', '--enabled');

    expect(changed).toMatchObject({
      enabled: false,
      timeoutMs: 5_000,
      concurrency: 3,
      config: { url: url[1] },
    });
    expect(on).toMatchObject({ enabled: true, timeoutMs: 5_000 });
  });

  it('asks an agent at a URL, and fails when that does not answer', async () => {
    const server = await openAgentServer();
    await good(daemon, 'agents', 'set', 'far', 'http', '--url', server.url);

    const answered = await good(daemon, 'agents', 'test', 'far', '--text', 'hi');
    await server.close();
    const gone = await palyra(daemon, 'agents', 'test', 'far');

    expect(answered).toContain('send  You said: hi');
    expect(gone).toMatchObject({ exit: 69, stderr: 'palyra: The agent failed: agent_unavailable.\n' });
    expect(gone.stdout).toContain('ECONNREFUSED');
  });

  it.each([
    [['new'], /A new agent needs a kind/],
    [['new', 'fax'], /Known: echo, http/],
    [['new', 'http'], /url/i],
    [['new', 'http', '--url', 'nonsense'], /url/i],
    [['new', 'echo', '--config', '[]'], /--config is not a JSON object/],
    [['new', 'echo', '--enabled', '--disabled'], /not both/],
  ])('refuses %j', async (argv, why) => {
    const ran = await palyra(daemon, 'agents', 'set', ...argv);

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('tokens', () => {
  it('are shown once, alone on standard output, and never again', async () => {
    const ran = await palyra(daemon, 'tokens', 'create', 'ci', '--scope', 'read');
    const listed = await good(daemon, 'tokens', 'list');

    expect(ran.stdout).toMatch(/^palyra_[\w-]{43}\n$/);
    expect(ran.stderr).toMatch(/^Token tok_\S+ \(read\)\. It is not shown again\.\n$/);
    expect(listed).not.toContain(ran.stdout.trim());
  });

  it('work until they are revoked', async () => {
    const { id, token } = await asJson<{ id: string; token: string }>(
      daemon,
      ...['tokens', 'create', 'short', '--scope', 'read'],
    );
    const shell = { stateDir: daemon.stateDir, env: { PALYRA_ADMIN_TOKEN: token } };

    const before = await palyra(shell, 'channels', 'list');
    await good(daemon, 'tokens', 'revoke', id);
    const after = await palyra(shell, 'channels', 'list');

    expect([before.exit, after.exit]).toEqual([0, 77]);
    expect(await good(daemon, 'tokens', 'list')).toMatch(new RegExp(`^${id} +short .*Z$`, 'm'));
  });

  it('end when they were told to', async () => {
    const token = await asJson<{ createdAt: number; expiresAt: number }>(
      daemon,
      ...['tokens', 'create', 'day', '--scope', 'read', '--expires-in-days', '0.5'],
    );

    expect(token.expiresAt - token.createdAt).toBe(43_200_000);
  });

  it('cannot be revoked when there are none of that id', async () => {
    expect(await palyra(daemon, 'tokens', 'revoke', 'tok_nothing')).toMatchObject({ exit: 69, stdout: '' });
  });
});
