import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, openDaemon, type TestDaemon, type Trace } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

interface Integration {
  readonly id: string;
  readonly provider: string;
  readonly status: string;
  readonly url: string;
  readonly secret?: string;
}

interface Tested {
  readonly status: number;
  readonly reason: string;
  readonly delivery: string;
  readonly trace?: Trace;
}

let made = 0;

async function added(...flags: readonly string[]): Promise<Integration> {
  return asJson<Integration>(daemon, 'webhooks', 'add', `hook-${++made}`, 'github', ...flags);
}

/** `webhooks test --json`, however it ends. */
async function tested(
  id: string,
  stdin: string | Uint8Array = '',
  ...flags: readonly string[]
): Promise<Tested & { readonly exit: number; readonly stderr: string }> {
  const shell = { stateDir: daemon.stateDir, stdin };
  const { exit, stdout, stderr } = await palyra(shell, 'webhooks', 'test', id, ...flags, '--json');
  return { ...(JSON.parse(stdout) as Tested), exit, stderr };
}

async function bodyOf(delivery: string): Promise<Buffer> {
  const { bodyBase64 = '' } = await daemon.api('GET /deliveries/{id}', { params: { id: delivery } });
  return Buffer.from(bodyBase64, 'base64');
}

describe('webhooks add', () => {
  it('answers programs with id, provider, status and url', async () => {
    const { id, provider, status, url } = await added('--generate-secret');

    expect([id, provider, status]).toEqual([`hook-${made}`, 'github', 'ready']);
    expect(url).toMatch(new RegExp(`^${daemon.ingressUrl}/hooks/${id}/[\\w-]{43}$`));
  });

  it('takes what it is told about events, sources, size and state', async () => {
    const integration = await added(
      '--generate-secret',
      ...['--allow-event', 'push', '--allow-event', 'issues', '--allow-source', '10.0.0.0/8', '::1'],
      ...['--max-payload-bytes', '100', '--disabled'],
    );

    expect(integration).toMatchObject({
      status: 'disabled',
      allowedEvents: ['push', 'issues'],
      allowedSources: ['10.0.0.0/8', '::1'],
      payloadBytesMax: 100,
    });
  });

  it('names a secret of the vault, and says that it is not there yet', async () => {
    const { id, status } = await added('--secret-ref', 'global/later');

    const shell = { stateDir: daemon.stateDir, stdin: 'the secret\n' };
    const enabled = await palyra(daemon, 'webhooks', 'enable', id);
    await good(shell, 'secrets', 'set', 'global/later');
    const after = await asJson<Integration>(daemon, 'webhooks', 'show', id);

    expect(status).toBe('secret_not_found');
    expect(enabled).toMatchObject({ exit: 75, stderr: expect.stringContaining('secret_not_found') });
    expect(after.status).toBe('ready');
  });

  it.each([
    ['a provider that there is not', ['x', 'nope', '--generate-secret'], 64, /Known: github, /],
    ['an id with a space', ['a b', 'github', '--generate-secret'], 64, /not a valid webhook id/],
    [
      'no secret, where nobody can be asked',
      ['x', 'github'],
      64,
      /--secret-stdin, --secret-env NAME or --secret-file/,
    ],
    ['two secrets', ['x', 'github', '--generate-secret', '--secret-ref', 'global/a'], 64, /Name one secret/],
    [
      'a size that is no number',
      ['x', 'github', '--max-payload-bytes', '1k'],
      64,
      /'1k' is invalid\. Write a whole number/,
    ],
    ['a source that is none', ['x', 'github', '--generate-secret', '--allow-source', 'home'], 64, /home/],
  ])('refuses %s', async (_what, argv, exit, why) => {
    const ran = await palyra(daemon, 'webhooks', 'add', ...argv);

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
  });

  it('refuses an id that is taken, and says what to do', async () => {
    const { id } = await added('--generate-secret');

    const ran = await palyra(daemon, 'webhooks', 'add', id, 'github', '--generate-secret');

    expect(ran).toMatchObject({ exit: 75, stderr: expect.stringContaining('Remove it first') });
  });
});

describe('webhooks list', () => {
  it('is an array of them', async () => {
    const { id, url } = await added('--generate-secret');

    const list = await asJson<readonly Integration[]>(daemon, 'webhooks', 'list');

    expect(list).toContainEqual(expect.objectContaining({ id, url, provider: 'github', status: 'ready' }));
    expect(JSON.stringify(list)).not.toContain('"secret":');
  });

  it('says how to add one when there is none', async () => {
    const empty = await openDaemon();

    const text = await good(empty, 'webhooks', 'list');

    expect(text).toContain('palyra webhooks add <id> <provider>');
    expect(await asJson(empty, 'webhooks', 'list')).toEqual([]);
  });
});

describe('webhooks test', () => {
  it('follows a sample through the real ingress to the delivered answer', async () => {
    const { id } = await added('--generate-secret');

    const answer = await tested(id, '', '--event', 'issues');

    expect(answer).toMatchObject({ exit: 0, status: 202, reason: 'accepted', trace: { state: 'delivered' } });
    expect(answer.trace?.steps[0]).toMatchObject({ kind: 'accepted', event: 'issues' });
  });

  it('posts the bytes of a file, and of standard input, exactly', async () => {
    const { id } = await added('--generate-secret');
    const piped = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x7d, 0x0a]);
    const kept = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x80, 0x7d]);
    const file = join(newStateDir(), 'payload');
    closeLater(() => rmSync(join(file, '..'), { recursive: true }));
    writeFileSync(file, kept);

    const fromStdin = await tested(id, piped, '--payload-stdin');
    const fromFile = await tested(id, '', '--payload-file', file);

    expect([fromStdin.exit, fromFile.exit]).toEqual([0, 0]);
    expect(await bodyOf(fromStdin.delivery)).toEqual(piped);
    expect(await bodyOf(fromFile.delivery)).toEqual(kept);
  });

  it('fails when the webhook is switched off, and says where to look', async () => {
    const { id } = await added('--generate-secret', '--disabled');

    const answer = await tested(id);

    expect(answer).toMatchObject({ exit: 69, status: 403, reason: 'integration_disabled' });
    expect(answer.stderr).toContain(`See: palyra why ${answer.delivery}`);
    expect(await good(daemon, 'why', answer.delivery)).toMatch(/^It was rejected: /);
  });

  it('fails when the event is not one of those that are allowed', async () => {
    const { id } = await added('--generate-secret', '--allow-event', 'release');

    expect(await tested(id, '', '--event', 'push')).toMatchObject({ exit: 69, reason: 'event_not_allowed' });
    expect(await tested(id, '', '--event', 'release')).toMatchObject({ exit: 0 });
  });

  it('fails when nothing answers, with the reason that the rules give', async () => {
    const { id } = await added('--generate-secret');
    await good(daemon, 'router', 'rules', 'set', 'mute', '--source', `webhook:${id}`, '--action', 'ignore');

    const answer = await tested(id);

    expect(answer).toMatchObject({ exit: 69, status: 202, trace: { state: 'ignored' } });
    expect(answer.stderr).toContain('The test ended as ignored (ignored_by_rule)');
  });

  it('fails when the answer is refused by the platform', async () => {
    const { id } = await added('--generate-secret');
    await good(
      daemon,
      ...['router', 'rules', 'set', 'refused', '--source', `webhook:${id}`, '--agent', 'echo'],
      ...['--reply-to', 'echo:default/alerts', '--response-prefix', '[nack] '],
    );

    expect(await tested(id)).toMatchObject({
      exit: 69,
      trace: { state: 'dead', reason: 'platform_rejected' },
    });
  });

  it.each([
    ['a webhook that there is not', ['nobody'], 69, /See: palyra webhooks list/],
    ['a file that there is not', ['x', '--payload-file', '/nowhere'], 64, /\/nowhere cannot be read/],
    ['two payloads', ['x', '--payload-file', 'a', '--payload-stdin'], 64, /not both/],
    ['a time that is none', ['x', '--timeout', 'soon'], 64, /'soon' is invalid. Write a number of seconds/],
  ])('refuses %s', async (_what, argv, exit, why) => {
    const ran = await palyra(daemon, 'webhooks', 'test', ...argv);

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('webhooks deliveries and replay', () => {
  it('list what was refused, and accept it once it is good', async () => {
    const { id } = await added('--generate-secret', '--disabled');
    const { delivery } = await tested(id);
    await good(daemon, 'webhooks', 'enable', id);

    const refused = await asJson<{ items: { id: string }[] }>(
      daemon,
      ...['webhooks', 'deliveries', id, '--verdict', 'rejected'],
    );
    const { event } = await asJson<{ event: string }>(daemon, 'webhooks', 'replay', delivery);

    expect(refused.items.map((item) => item.id)).toEqual([delivery]);
    expect((await daemon.traceUntil(event)).state).toBe('delivered');
  });

  it.each([
    [
      'a verdict that there is not',
      ['deliveries', 'x', '--verdict', 'nice'],
      64,
      /Allowed choices are accepted, /,
    ],
    ['no deliveries at all', ['deliveries', 'x', '--limit', '0'], 64, /Write a whole number, 1 or more/],
    ['a webhook that there is not', ['deliveries', 'nobody'], 69, /no such webhook/],
    ['a delivery that there is not', ['replay', 'dlv_nothing'], 69, /no such delivery/],
  ])('refuse %s', async (_what, argv, exit, why) => {
    const ran = await palyra(daemon, 'webhooks', ...argv);

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('webhooks rotate', () => {
  it('changes the URL, and leaves the old one good for a while', async () => {
    const { id, url } = await added('--generate-secret');

    const rotated = await asJson<Integration>(daemon, 'webhooks', 'rotate', id, '--url');

    expect(rotated.url).not.toBe(url);
    expect(rotated).not.toHaveProperty('secret');
    const old = await fetch(url, { method: 'POST', body: '{}' });
    await old.arrayBuffer();
    expect(old.status).toBe(401);
  });

  it('makes the old secret worthless at once when it is told to', async () => {
    const { id } = await added('--generate-secret');

    const rotated = await asJson<{ secrets: readonly object[]; secret: string }>(
      daemon,
      ...['webhooks', 'rotate', id, '--overlap-hours', '0'],
    );

    expect(rotated.secret).toMatch(/\S/);
    expect(await tested(id)).toMatchObject({ exit: 0 });
  });

  it.each([
    [['--url', '--secret-env', 'X'], /one at a time/],
    [['--overlap-hours', 'x'], /'x' is invalid\. Write a number/],
  ])('refuses %j', async (flags, why) => {
    const ran = await palyra(daemon, 'webhooks', 'rotate', 'any', ...flags);

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringMatching(why) });
  });
});

describe('webhooks sign', () => {
  const offline = { stateDir: '/nowhere', env: { SECRET: 'a signing secret' }, stdin: '{"a":1}' };

  it('makes headers that the daemon takes, without a daemon', async () => {
    const shell = { stateDir: daemon.stateDir, stdin: 'a signing secret' };
    const { url } = await asJson<Integration>(
      shell,
      ...['webhooks', 'add', 'signed', 'github', '--secret-stdin'],
    );

    const { headers, bodyBase64 } = await asJson<{ headers: readonly string[]; bodyBase64: string }>(
      offline,
      ...['webhooks', 'sign', 'github', '--secret-env', 'SECRET', '--payload-stdin', '--id', 'd1'],
    );
    const pairs = headers.map((line) => line.split(': ') as [string, string]);
    const body = Buffer.from(bodyBase64, 'base64');
    const response = await fetch(url, { method: 'POST', headers: Object.fromEntries(pairs), body });
    await response.arrayBuffer();

    expect(body.toString()).toBe('{"a":1}');
    expect(response.status).toBe(202);
    expect(pairs).toContainEqual(['X-GitHub-Delivery', 'd1']);
  });

  it.each(['github', 'standard-webhooks', 'stripe', 'slack'])('knows %s', async (provider) => {
    const env = {
      SECRET: provider === 'standard-webhooks' ? 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4' : 'abc',
    };

    const text = await good({ ...offline, env }, 'webhooks', 'sign', provider, '--secret-env', 'SECRET');

    expect(text).toMatch(/^(\S+: \S.*\n)+$/);
    expect(text).not.toContain(env.SECRET);
  });

  it.each([
    [['nope', '--secret-env', 'SECRET'], /no webhook provider "nope"/],
    [['github', '--secret-stdin', '--payload-stdin'], /Only one of secret and payload/],
    [['github', '--secret-env', 'NONE'], /no variable NONE/],
    [['generic-hmac', '--secret-env', 'SECRET', '--settings', '{'], /--settings is not a JSON object/],
  ])('refuses %j', async (argv, why) => {
    const ran = await palyra(offline, 'webhooks', 'sign', ...argv);

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringMatching(why) });
  });
});
