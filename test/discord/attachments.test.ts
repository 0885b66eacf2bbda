import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { UploadedFile } from '../fakes/discord/messages.ts';
import type { FakeDiscordOptions } from '../fakes/discord/fake-discord.ts';
import { type AgentServer, json, openAgentServer } from '../support/agent-server.ts';
import { good } from '../support/cli.ts';
import type { TestDaemonOptions } from '../support/daemon.ts';
import { type DiscordWorld, openDiscordWorld, repliesIn } from '../support/discord-daemon.ts';
import { useAgent } from '../support/discord-scene.ts';
import { closeAll, closeLater } from '../support/egress.ts';

afterEach(closeAll);

const png = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de', 'hex'),
  Buffer.alloc(100),
]);
const picture: UploadedFile = { filename: 'cat.png', contentType: 'image/png', bytes: png };

interface Seen {
  readonly name: string;
  readonly url: string;
  readonly artifact?: { readonly id: string; readonly contentType: string; readonly path: string };
}

interface World extends DiscordWorld {
  readonly agent: AgentServer;
}

/** A daemon that takes files, if it is told to, and an agent at the far end of HTTP. */
async function openWorld(
  downloadAttachments: boolean,
  options: FakeDiscordOptions = {},
  daemonOptions: TestDaemonOptions = {},
): Promise<World> {
  const agent = await openAgentServer();
  closeLater(() => agent.close());
  const world = await openDiscordWorld(options, daemonOptions, { downloadAttachments });
  await useAgent(world.daemon, agent.url);
  return { ...world, agent };
}

/** Somebody sends files to the bot; answers with what its agent gets to see of them. */
async function send(
  { fake, user, agent }: World,
  ...files: readonly UploadedFile[]
): Promise<readonly Seen[]> {
  const dm = fake.dm(user);
  const [turns, replies] = [agent.seen.length, repliesIn(fake, dm).length];
  fake.say({ channel: dm, author: user, content: 'look', files });
  await fake.until(() => repliesIn(fake, dm).length > replies);
  const { event } = JSON.parse(agent.seen[turns]?.body ?? '{}') as { event: { attachments: Seen[] } };
  return event.attachments;
}

function filesOf({ daemon }: World): readonly string[] {
  try {
    return readdirSync(join(daemon.stateDir, 'artifacts'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

describe('the files that people send', () => {
  it('are left on Discord unless the operator wants them', async () => {
    const world = await openWorld(false);

    const [file] = await send(world, picture);

    expect(file).toMatchObject({ name: 'cat.png', url: expect.stringContaining('ex=') as string });
    expect(file?.artifact).toBeUndefined();
    expect(world.fake.world.fileRequests).toEqual([]);
  });

  it('are taken for the agent, which gets their bytes from us with a token of its own', async () => {
    const world = await openWorld(true);
    const { daemon, fake, agent } = world;
    const { token } = await daemon.api('POST /tokens', { body: { name: 'agent', scopes: ['turns'] } });
    const headers = { authorization: `Bearer ${token}` };

    const [file, same] = await send(world, picture, { ...picture, contentType: 'text/html' });
    const { path = '' } = file?.artifact ?? {};
    const got = await daemon.request(path, { headers });
    const head = await daemon.request(path, { method: 'HEAD', headers });

    expect(file?.artifact).toMatchObject({ contentType: 'image/png', sizeBytes: png.length });
    expect(same?.artifact?.id).toBe(file?.artifact?.id);
    expect(Buffer.from(await got.arrayBuffer()).equals(png)).toBe(true);
    expect(head.headers.get('content-length')).toBe(String(png.length));
    for (const { headers: answered } of [got, head])
      expect([answered.get('content-type'), answered.get('content-disposition')]).toEqual([
        'image/png',
        'attachment',
      ]);
    expect(filesOf(world)).toEqual([file?.artifact?.id]);
    expect(JSON.stringify([fake.world.fileRequests, agent.seen])).not.toContain(fake.bot.token);
    expect(fake.world.fileRequests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('are for who may read, and nobody else', async () => {
    const world = await openWorld(true);
    const { daemon } = world;
    const [file] = await send(world, picture);
    const { path = '' } = file?.artifact ?? {};
    const { token } = await daemon.api('POST /tokens', { body: { name: 'sender', scopes: ['send'] } });

    const statuses = await Promise.all(
      [
        daemon.request(path),
        daemon.request(path, { headers: { authorization: '' } }),
        daemon.request(path, { headers: { authorization: `Bearer ${token}` } }),
        daemon.request('/admin/v1/artifacts/0000'),
        daemon.request('/admin/v1/artifacts/..%2F..%2Fadmin.token'),
      ].map(async (answer) => (await answer).status),
    );

    expect(statuses).toEqual([200, 401, 403, 404, 404]);
  });

  it('are no reason not to answer when they cannot be taken, and the trace says why', async () => {
    const world = await openWorld(
      true,
      { limits: { cdnTtlMs: 0 } },
      { config: { attachments: { countMax: 2 } } },
    );
    const { daemon } = world;

    const seen = await send(world, picture, { ...picture, bytes: Buffer.alloc(11 * 1024 * 1024) }, picture);
    const trace = await good(daemon, 'trace', 'latest');

    expect(seen.map(({ artifact }) => artifact)).toEqual([undefined, undefined, undefined]);
    expect(trace.match(/what=attachment .*code=\S+/g)?.map((line) => line.replace(/.*code=/, ''))).toEqual([
      'attachment_unavailable',
      'attachment_too_large',
      'attachment_too_many',
    ]);
    expect(filesOf(world)).toEqual([]);
  });

  it('stay over a restart, and are taken once for a turn that is tried again', async () => {
    const world = await openWorld(true);
    const { daemon, fake, agent } = world;
    agent.next(json({}, 503));

    const [file] = await send(world, picture);
    await daemon.restart();
    const got = await daemon.request(file?.artifact?.path ?? '');

    expect(got.status).toBe(200);
    expect(agent.seen).toHaveLength(2);
    expect(fake.world.fileRequests).toHaveLength(1);
  });
});
