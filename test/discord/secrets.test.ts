import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../src/http/contract/contract.ts';
import type { Interaction } from '../fakes/discord/interactions.ts';
import { json, status } from '../support/agent-server.ts';
import { databaseBytes, until } from '../support/daemon.ts';
import {
  connector,
  type DiscordWorld,
  live,
  openDiscordWorld,
  repliesIn,
} from '../support/discord-daemon.ts';
import { gapsSettled, hasty, quiet, sendBy, useAgent } from '../support/discord-scene.ts';
import { closeAll } from '../support/egress.ts';
import { StreamingAgent } from '../support/streaming-agent.ts';

/** In parts, as tokens of Discord are: none of them may be shown either. */
const token = 'first-part-of-it.second.third-part-of-it';
const create = '/channels/{channel}/messages';

let world: DiscordWorld;
const interactions: Interaction[] = [];
/** Everything that anybody was told, by where. */
const told = new Map<string, string>();
const ids = new Set<string>([connector]);
let database: Buffer;

/** Much of what can happen to an account, well and badly. */
beforeAll(async () => {
  world = await openDiscordWorld({ bot: { token } }, { config: hasty });
  const { fake, daemon, user } = world;
  const agent = await StreamingAgent.open();
  await useAgent(daemon, agent.url);
  const dm = fake.dm(user);
  const say = (content: string): string => fake.say({ channel: dm, author: user, content }).id;
  const asked = say('hello');
  await fake.until(() => repliesIn(fake, dm).length === 1);
  ids.add(asked);
  await refuse(agent);
  for (const answer of [json([{ op: 'send', text: 'Done.' }]), status(204), status(400)]) {
    agent.next(answer);
    interactions.push(command());
    await fake.until(() => interactions.at(-1)?.response !== undefined);
    await quiet(daemon);
  }
  // What cannot be acknowledged, and what is answered too late.
  fake.faults.rest({
    ...{ method: 'POST', route: '/interactions/{interaction}/{token}/callback' },
    fault: { kind: 'status', status: 404, applied: false, body: { code: 10_062, message: 'Unknown' } },
  });
  interactions.push(command());
  fake.faults.rest({
    ...{ method: 'PATCH', route: '/webhooks/{application}/{token}/messages/{message}' },
    fault: { kind: 'reset', applied: false },
  });
  interactions.push(command());
  await quiet(daemon);
  fake.gateway.live()[0]?.close(4000);
  await fake.until(() => fake.gateway.journal.of('resumed').length === 1);
  await gapsSettled(world);
  fake.gateway.live()[0]?.close(4004);
  await until(async () => {
    const { status: now } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    return now.state === 'blocked' || undefined;
  });
  await ask();
  const { items } = await daemon.api('GET /inbox', { query: { limit: 500 } });
  for (const { id } of items) ids.add(id);
  await daemon.restart();
  await live(daemon);
  await ask();
  database = databaseBytes(daemon.stateDir);
});
afterAll(closeAll);

function command(): Interaction {
  const { fake, channel, user } = world;
  return fake.interact({ kind: 'command', name: 'ask', registered: false, user, channel });
}

/** Answers that repeat what they were asked with. */
async function refuse(agent: StreamingAgent): Promise<void> {
  const { fake, daemon, channel } = world;
  const body = {
    code: 50_035,
    message: `Bot ${token}`,
    errors: { content: { _errors: [{ message: token }] } },
  };
  fake.faults.rest({
    ...{ method: 'POST', route: create },
    fault: { kind: 'status', status: 400, applied: false, body },
  });
  const { message, parts } = await sendBy(daemon, 'refused', { conversation: channel.id });
  ids.add(message).add(parts[0]?.id ?? '');
  expect(agent.server.seen.length).toBeGreaterThan(0);
}

async function ask(): Promise<void> {
  const { daemon } = world;
  const paths = Object.keys(contract)
    .filter((key) => key.startsWith('GET '))
    .map((key) => key.replace('GET ', '/admin/v1'));
  const asked = [
    ...paths.flatMap((path) =>
      path.includes('{')
        ? [...ids].map((id) => path.replace(/\{\w+\}/g, encodeURIComponent(id)))
        : [`${path}?limit=500`, path],
    ),
    '/metrics',
  ];
  for (const path of asked) {
    const response = await daemon.request(path);
    told.set(path, `${told.get(path) ?? ''}${await response.text()}`);
  }
}

/** Whole or in parts, as it is or as it may be written. */
function spellings(): readonly string[] {
  const secrets = [token, ...token.split('.'), ...interactions.map(({ token: secret }) => secret)];
  return secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
  ]);
}

function leaksIn(text: string): readonly string[] {
  return spellings().filter((spelling) => spelling !== 'second' && text.includes(spelling));
}

describe('the token of a bot, and those of interactions', () => {
  it('were used', () => {
    const { fake } = world;

    expect(fake.requests.all.some(({ headers }) => headers.authorization === `Bot ${token}`)).toBe(true);
    for (const { token: secret } of interactions)
      expect(fake.requests.all.some(({ path }) => path.includes(secret))).toBe(true);
  });

  it('come out of no answer of the API, no trace, no metric', () => {
    const leaks = [...told].flatMap(([where, text]) => leaksIn(text).map((leak) => `${leak} in ${where}`));

    expect(told.size).toBeGreaterThan(100);
    expect(told.get(`/admin/v1/channels/${encodeURIComponent(connector)}`)).toContain('"shards"');
    expect(leaks).toEqual([]);
  });

  it('come out of no line of the log', () => {
    const { daemon } = world;
    const text = daemon.logged.join('');

    expect(daemon.lines.some(({ event }) => event === 'interaction.not_acknowledged')).toBe(true);
    expect(daemon.lines.some(({ event }) => event === 'gateway.disconnected')).toBe(true);
    expect(leaksIn(text)).toEqual([]);
  });

  it('lie in no file of the database as they are', () => {
    const text = database.toString('latin1');

    expect(text.length).toBeGreaterThan(100_000);
    expect(text).toContain('interaction:');
    expect(leaksIn(text)).toEqual([]);
  });

  it('are in no request to the agent, nor do files of Discord come with the token', () => {
    const { fake } = world;
    const others = fake.requests.all.filter(
      ({ path }) => path.includes('/callback') || path.includes('/webhooks/'),
    );

    expect(others.length).toBeGreaterThan(3);
    expect(others.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('a message', () => {
  it.each(['link', 'id'] as const)('is traced and explained by its %s', async (by) => {
    const { fake, daemon, user } = world;
    const dm = fake.dm(user);
    const [said, answered] = fake.messagesIn(dm);
    const nameOf = (id = ''): string =>
      by === 'id' ? id : `https://discord.com/channels/@me/${dm.id}/${id}`;

    const trace = await daemon.trace(nameOf(said?.id));
    const reply = await daemon.trace(nameOf(answered?.id));
    const why = await daemon.api('GET /why/{id}', { params: { id: nameOf(said?.id) } });

    expect(trace).toMatchObject({ state: 'delivered', event: { event: { text: 'hello' } } });
    expect(trace.steps.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['accepted', 'gated', 'turn', 'part', 'attempt']),
    );
    expect(reply.parts).toMatchObject([{ state: 'delivered', platformIds: [answered?.id] }]);
    expect(JSON.stringify(why)).toContain('delivered');
  });
});
