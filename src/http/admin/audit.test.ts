import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentServer, status } from '../../../test/support/agent-server.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll, closeLater } from '../../../test/support/egress.ts';
import { addHook, postGithub } from '../../../test/support/hooks.ts';
import { StoreFaults } from '../../../test/support/store-faults.ts';
import { AppError } from '../../domain/errors.ts';
import { channelContract } from '../contract/channels.ts';
import { contract } from '../contract/contract.ts';
import { messageContract } from '../contract/messages.ts';
import { routerContract } from '../contract/router.ts';
import { settingsContract } from '../contract/settings.ts';
import { systemContract } from '../contract/system.ts';
import { webhookContract } from '../contract/webhooks.ts';

const basics = {
  ...systemContract,
  ...channelContract,
  ...messageContract,
  ...routerContract,
  ...webhookContract,
  ...settingsContract,
};

/** What asks and changes nothing, although it takes a body. */
const reads = ['POST /channels/{kind}/onboarding/check', 'POST /router/preview'];

const changing = Object.keys(basics).filter((key) => !key.startsWith('GET ') && !reads.includes(key));

/** Secrets that go in with a change. */
const planted = {
  webhook: 'planted secret of a webhook',
  rotated: 'planted secret after rotation',
  vault: 'planted secret of the vault',
  text: 'planted text of a person',
  masterKey: Buffer.alloc(32, 11).toString('base64'),
};

interface Call {
  /** Of the path, in turn. */
  readonly params?: readonly string[];
  readonly body?: unknown;
  /** What the audit says of it. */
  readonly action: string;
  readonly target: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

const faults = new StoreFaults();
let daemon: TestDaemon;
let calls: Readonly<Record<string, () => Call | Promise<Call>>>;

beforeAll(async () => {
  const agent = await openAgentServer();
  closeLater(() => agent.close());
  const env = { PALYRA_MASTER_KEY: Buffer.alloc(32, 10).toString('base64') };
  daemon = await openDaemon({ env, config: { masterKey: { kind: 'env' } }, wrapStore: faults.wrap });
  calls = callsOf(agent);
});
afterAll(closeAll);

const channel = ['echo:default'];
const echo = 'echo:default';

function callsOf(agent: Awaited<ReturnType<typeof openAgentServer>>): typeof calls {
  const operation = { op: 'send', text: planted.text } as const;
  const deadPart = async (): Promise<string> => {
    const dead = { op: 'send', text: `[nack] ${planted.text}` } as const;
    const { message } = await daemon.api('POST /messages', {
      body: { connector: echo, conversation: `dead-${Math.random()}`, operation: dead },
    });
    const { parts } = await daemon.traceUntil(message);
    return parts[0]?.id ?? '';
  };
  return {
    'PUT /channels/{id}': () => ({
      params: ['echo:second'],
      body: { secretRef: 'global/second', enabled: false },
      action: 'channel.saved',
      target: 'echo:second',
      detail: { config: {}, secretRef: 'global/second', enabled: false },
    }),
    'POST /channels/{id}/enable': () => ({
      params: ['echo:second'],
      action: 'channel.enabled',
      target: 'echo:second',
    }),
    'POST /channels/{id}/disable': () => ({
      params: ['echo:second'],
      action: 'channel.disabled',
      target: 'echo:second',
    }),
    'DELETE /channels/{id}': () => ({
      params: ['echo:second'],
      action: 'channel.removed',
      target: 'echo:second',
    }),
    'POST /channels/{id}/queue/pause': () => ({
      params: channel,
      body: { reason: 'a pause' },
      action: 'queue.paused',
      target: echo,
      detail: { reason: 'a pause' },
    }),
    'POST /channels/{id}/queue/drain': () => ({ params: channel, action: 'queue.drained', target: echo }),
    'POST /channels/{id}/queue/resume': () => ({ params: channel, action: 'queue.resumed', target: echo }),
    'POST /channels/{id}/test': () => ({
      params: channel,
      body: { text: planted.text, conversation: 'c', messageId: 'm' },
      action: 'channel.tested',
      target: echo,
      detail: { conversation: 'c', messageId: 'm', event: expect.any(String), duplicate: false },
    }),
    'POST /messages': () => ({
      body: { connector: echo, conversation: 'c', operation },
      action: 'message.sent',
      target: echo,
      detail: { connector: echo, conversation: 'c', message: expect.any(String), added: true },
    }),
    'POST /turns/{id}/messages': async () => {
      agent.next(status(202));
      await daemon.api('PUT /agents/{id}', {
        params: { id: 'echo' },
        body: { kind: 'http', config: { url: agent.url } },
      });
      const params = { id: echo };
      const { event } = await daemon.api('POST /channels/{id}/test', {
        params,
        body: { conversation: 'turns' },
      });
      await daemon.traceUntil(event, (trace) => trace.state === 'awaiting');
      const turn = event.replace('evt_', 'turn_');
      return {
        params: [turn],
        body: [operation],
        action: 'turn.answered',
        target: turn,
        detail: { repeated: false, parts: 1 },
      };
    },
    'POST /dead-letters/{id}/replay': async () => {
      const id = await deadPart();
      return { params: [id], action: 'dead_letter.replayed', target: id };
    },
    'POST /dead-letters/{id}/discard': async () => {
      const id = await deadPart();
      return { params: [id], action: 'dead_letter.discarded', target: id };
    },
    'PUT /router/rules/{id}': () => ({
      params: ['mine'],
      body: { action: 'ignore' },
      action: 'rule.saved',
      target: 'mine',
      detail: expect.objectContaining({ action: 'ignore', position: 100 }) as Record<string, unknown>,
    }),
    'DELETE /router/rules/{id}': () => ({ params: ['mine'], action: 'rule.removed', target: 'mine' }),
    'POST /webhooks': () => ({
      body: { id: 'mine', provider: 'github', secret: { from: 'value', value: planted.webhook } },
      action: 'webhook.added',
      target: 'mine',
      detail: { id: 'mine', provider: 'github', allowedEvents: [], allowedSources: [], enabled: true },
    }),
    'POST /webhooks/{id}/test': () => ({
      params: ['mine'],
      body: { event: 'push' },
      action: 'webhook.tested',
      target: 'mine',
      detail: { event: 'push', delivery: expect.any(String), reason: 'accepted' },
    }),
    'POST /webhooks/{id}/rotate': () => ({
      params: ['mine'],
      body: { secret: { from: 'value', value: planted.rotated }, overlapMs: 5 },
      action: 'webhook.rotated',
      target: 'mine',
      detail: { what: 'secret', overlapMs: 5 },
    }),
    'POST /webhooks/{id}/disable': () => ({ params: ['mine'], action: 'webhook.disabled', target: 'mine' }),
    'POST /webhooks/{id}/enable': () => ({ params: ['mine'], action: 'webhook.enabled', target: 'mine' }),
    'DELETE /webhooks/{id}': () => ({ params: ['mine'], action: 'webhook.removed', target: 'mine' }),
    'POST /deliveries/{id}/replay': async () => {
      const { body } = await postGithub(await addHook(daemon, { id: 'replayed' }));
      const id = body.delivery ?? '';
      return { params: [id], action: 'delivery.replayed', target: id, detail: { event: expect.any(String) } };
    },
    'PUT /agents/{id}': () => ({
      params: ['mine'],
      body: { kind: 'http', config: { url: agent.url, secretRef: 'global/agent' } },
      action: 'agent.saved',
      target: 'mine',
      detail: {
        kind: 'http',
        config: { url: agent.url, secretRef: 'global/agent' },
        enabled: true,
        concurrency: 8,
        timeoutMs: 120_000,
        attemptsMax: 5,
      },
    }),
    'POST /agents/{id}/test': () => ({
      params: ['mine'],
      body: { text: planted.text },
      action: 'agent.tested',
      target: 'mine',
    }),
    'DELETE /agents/{id}': () => ({ params: ['mine'], action: 'agent.removed', target: 'mine' }),
    'PUT /secrets/{scope}/{key}': () => ({
      params: ['global', 'mine'],
      body: { value: planted.vault },
      action: 'secret.saved',
      target: 'global/mine',
    }),
    'DELETE /secrets/{scope}/{key}': () => ({
      params: ['global', 'mine'],
      action: 'secret.removed',
      target: 'global/mine',
    }),
    'POST /vault/rotate-key': () => ({
      body: { newKey: planted.masterKey },
      action: 'vault.key_rotated',
      target: 'vault',
      detail: { masterKeyId: expect.any(String), secrets: expect.any(Number) },
    }),
    'POST /vault/unlock': () => ({ action: 'vault.unlocked', target: 'vault', detail: { state: 'open' } }),
    'POST /tokens': () => ({
      body: { name: 'mine', scopes: ['read'], expiresInMs: 60_000 },
      action: 'token.created',
      target: 'mine',
      detail: { scopes: ['read'], expiresInMs: 60_000, id: expect.any(String) },
    }),
    'DELETE /tokens/{id}': async () => {
      const { id } = await daemon.api('POST /tokens', { body: { name: 'brief', scopes: ['read'] } });
      return { params: [id], action: 'token.revoked', target: id };
    },
  };
}

async function run(key: string, { params = [], body }: Call): Promise<Response> {
  const [method = '', template = ''] = key.split(' ');
  const left = [...params];
  const path = template.replace(/\{\w+\}/g, () => encodeURIComponent(left.shift() ?? ''));
  return daemon.request(`/admin/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

type Entry = Awaited<ReturnType<typeof auditOf>>[number];

async function auditOf() {
  return (await daemon.api('GET /audit', { query: { limit: 500 } })).items;
}

describe('every operation that changes something', () => {
  it('says in the contract what the audit notes of it', () => {
    const silent = Object.entries(contract).filter(
      ([key, endpoint]) => key.startsWith('GET ') === (endpoint.audit !== undefined),
    );

    expect(silent.map(([key]) => key).toSorted()).toEqual(reads);
  });

  it('is called here', () => {
    expect(Object.keys(calls).toSorted()).toEqual(changing.toSorted());
  });

  // In the order of the calls, which build on each other.
  it('is noted once, with who, what and when, and without a secret', async () => {
    const answers: string[] = [];
    for (const [key, prepare] of Object.entries(calls)) {
      const call = await prepare();
      const before = await auditOf();

      const response = await run(key, call);
      answers.push(await response.text());
      const added = (await auditOf()).slice(0, -before.length || undefined);

      expect(`${key}: ${response.status}`).toBe(`${key}: ${contract[key as keyof typeof contract].status}`);
      expect(added).toEqual([
        {
          id: expect.any(String),
          at: expect.any(Number),
          principal: expect.stringMatching(/^tok_\w+ \(bootstrap\)$/),
          action: call.action,
          target: call.target,
          detail: call.detail ?? {},
        } satisfies Record<keyof Entry, unknown>,
      ]);
      expect(daemon.lines.filter(({ event }) => event === 'admin.changed').at(-1)).toMatchObject({
        actor: added[0]?.principal,
        action: call.action,
        target: call.target,
      });
    }
    const token = /palyra_[\w-]{43}/.exec(answers.join())?.[0] ?? '';
    expect(token).not.toBe('');
    const written = `${JSON.stringify(await auditOf())}${daemon.logged.join('')}`;
    for (const secret of [...Object.values(planted), token, daemon.token])
      expect(written).not.toContain(secret);
  });

  it('is noted nowhere when it is refused', async () => {
    const before = await auditOf();

    const response = await run('DELETE /webhooks/{id}', { params: ['nobody'], action: '', target: '' });

    expect(response.status).toBe(404);
    expect(await auditOf()).toEqual(before);
  });

  it('is answered as done, and noted in the log, when the audit cannot be written', async () => {
    faults.before('journal.appendAudit', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    const response = await run('PUT /router/rules/{id}', {
      params: ['unnoted'],
      body: { action: 'ignore' },
      action: '',
      target: '',
    });
    faults.mend();

    expect(response.status).toBe(200);
    expect(daemon.lines.find(({ event }) => event === 'audit.failed')).toMatchObject({
      level: 'error',
      action: 'rule.saved',
      target: 'unnoted',
      actor: expect.stringContaining('bootstrap') as string,
    });
  });
});
