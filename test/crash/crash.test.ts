import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveChat } from '../fakes/chat/http.ts';
import { ChatPlatform } from '../fakes/chat/platform.ts';
import { DaemonProcess } from './daemon-process.ts';

const secret = 'It is a secret to everybody who may not know it';
const script = fileURLToPath(new URL('./daemon.ts', import.meta.url));

/** Every step between a message and its answer at which a process can die. */
const steps = [
  'before inbox.accept',
  'after inbox.accept',
  'before inbox.lease',
  'after inbox.lease',
  'before inbox.complete',
  'after inbox.complete',
  'before outbox.lease',
  'after outbox.lease',
  'before platform.post',
  'after platform.post',
  'before outbox.settle',
  'after outbox.settle',
  'before connectors.claim',
  'after connectors.claim',
] as const;

/** Talks to the daemon as people and providers do, and remembers what it was promised. */
class Outside {
  readonly platform: ChatPlatform;
  readonly accepted = new Set<string>();
  readonly #daemon: DaemonProcess;
  #said = 0;
  #posted = 0;

  constructor(platform: ChatPlatform, daemon: DaemonProcess) {
    this.platform = platform;
    this.#daemon = daemon;
  }

  say(): void {
    const id = `said-${++this.#said}`;
    this.platform.say({ id, conversation: `room-${this.#said % 3}`, sender: 'ada', text: id });
  }

  /** Posts until it is acknowledged, as a provider does; gives up when the daemon is gone. */
  async postWebhook(url: string): Promise<void> {
    const id = `hook-${++this.#posted}`;
    const body = JSON.stringify({ zen: id, repository: { full_name: `octo/${this.#posted % 3}` } });
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    for (let attempt = 0; attempt < 3 && this.#daemon.isRunning; attempt++) {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'x-hub-signature-256': signature,
          'x-github-delivery': id,
          'x-github-event': 'push',
          'content-type': 'application/json',
        },
      }).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response?.status !== 202) continue;
      this.accepted.add(id);
      return;
    }
  }
}

describe('a daemon that is killed at every step', () => {
  const platform = new ChatPlatform({ idempotentKeys: false, lookUp: true });
  const daemon = new DaemonProcess([script]);
  const outside = new Outside(platform, daemon);
  let chat: Awaited<ReturnType<typeof serveChat>>;
  let died = 0;

  beforeAll(async () => {
    chat = await serveChat(platform);
    platform.openConversation('alerts');
    await daemon.start();
    await configure(daemon, chat.url);
    await daemon.kill();
  });

  afterAll(async () => {
    await daemon.remove();
    await chat.close();
  });

  it.each(steps)('dies %s, and comes back', async (step) => {
    const up = await daemon.start(`${step}:3`);

    if (up) await load(daemon, outside);
    await daemon.ended;

    expect(daemon.isRunning).toBe(false);
    died++;
  });

  it('dies at random moments under load, and comes back', async () => {
    for (let round = 0; round < 6; round++) {
      if (await daemon.start()) {
        const killed = killSoon(daemon, round);
        await Promise.race([load(daemon, outside), killed]);
        // Also when all was said before: the shot must not hit the daemon of the next round.
        await killed;
      }
      await daemon.kill();
      died++;
    }

    expect(died).toBe(steps.length + 6);
  });

  it('has lost nothing that it accepted, and sent nothing twice', async () => {
    await daemon.start();
    for (let index = 0; index < 5; index++) outside.say();

    await quiet(daemon, outside);

    const answers = platform.posted.map(({ text, replyTo }) => replyTo ?? text);
    for (const { id } of platform.said)
      expect(
        answers.filter((answer) => answer === id),
        id,
      ).toHaveLength(1);
    const hooks = await deliveredHooks(daemon);
    for (const id of outside.accepted)
      expect(
        hooks.filter((hook) => hook === id),
        id,
      ).toHaveLength(1);
    expect(new Set(hooks).size).toBe(hooks.length);
    const keys = platform.posted.map(({ key }) => key);
    expect(new Set(keys).size, 'a part was sent twice').toBe(keys.length);
    expect(outside.accepted.size).toBeGreaterThan(10);
  });
});

async function configure(daemon: DaemonProcess, baseUrl: string): Promise<void> {
  const { api } = daemon;
  await api('PUT /secrets/{scope}/{key}', {
    params: { scope: 'channel:chat:crash', key: 'token' },
    body: { value: 'chat-token-of-the-bot' },
  });
  await api('PUT /channels/{id}', { params: { id: 'chat:crash' }, body: { config: { baseUrl } } });
  await api('PUT /router/rules/{id}', {
    params: { id: 'chat' },
    body: {
      match: { sources: ['chat:*'] },
      agent: 'echo',
      directMessages: 'allow',
      mention: { required: false },
    },
  });
  await api('PUT /router/rules/{id}', {
    params: { id: 'hooks' },
    body: {
      match: { sources: ['webhook:*'], types: ['webhook'] },
      agent: 'echo',
      replyTo: { connector: 'chat:crash', conversation: 'alerts' },
    },
  });
  await api('POST /webhooks', {
    body: { id: 'hub', provider: 'github', secret: { from: 'value', value: secret } },
  });
}

/** Some messages and some webhooks, at once, until they are accepted or the daemon is dead. */
async function load(daemon: DaemonProcess, outside: Outside): Promise<void> {
  const integration = await daemon
    .api('GET /webhooks/{id}', { params: { id: 'hub' } })
    .catch(() => undefined);
  for (let index = 0; index < 4; index++) outside.say();
  if (integration) await Promise.all(Array.from({ length: 4 }, () => outside.postWebhook(integration.url)));
}

async function killSoon(daemon: DaemonProcess, round: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5 + round * 23));
  await daemon.kill();
}

/** Waits until everything said has been taken in and nothing is pending. */
async function quiet(daemon: DaemonProcess, { platform }: Outside): Promise<void> {
  for (;;) {
    const [status, events] = await Promise.all([
      daemon.api('GET /status'),
      daemon.api('GET /inbox', { query: { source: 'chat:crash', limit: 500 } }),
    ]);
    const pending = status.inbox.pending + status.outbox.pending;
    if (pending === 0 && events.items.length === platform.said.length) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The ids of the webhooks whose event came to a delivered answer. */
async function deliveredHooks(daemon: DaemonProcess): Promise<readonly string[]> {
  const { items } = await daemon.api('GET /webhooks/{id}/deliveries', {
    params: { id: 'hub' },
    query: { verdict: 'accepted', limit: 500 },
  });
  const hooks: string[] = [];
  for (const { id, headers } of items) {
    const trace = await daemon.api('GET /traces/{id}', { params: { id } });
    expect(trace.state, id).toBe('delivered');
    hooks.push(headers[headers.findIndex((name) => name.toLowerCase() === 'x-github-delivery') + 1] ?? '');
  }
  return hooks;
}
