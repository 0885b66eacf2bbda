import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { Channel, Message, User } from '../fakes/discord/entities.ts';
import { FakeDiscord } from '../fakes/discord/fake-discord.ts';
import { asJson, good, palyra, type Shell } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { connectDiscord, live, repliesIn } from '../support/discord-daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';

/** Not the default account, of which more has to be approved. */
const desk = 'discord:desk';
const hourMs = 3_600_000;

interface Page {
  readonly messages: readonly { readonly text: string; readonly direct: boolean; readonly link: string }[];
  readonly nextBefore?: string;
}

interface Changed {
  readonly state: string;
  readonly governance: { readonly risk: string; readonly needsApproval: boolean };
  readonly approval?: { readonly id: string };
}

describe('messages on Discord', () => {
  let fake: FakeDiscord;
  let daemon: TestDaemon;
  let channel: Channel;
  let user: User;
  /** How far the fake's clock is behind. */
  let behindMs = 0;

  beforeEach(() => open());

  async function open(ms = 0): Promise<void> {
    behindMs = ms;
    fake = await new FakeDiscord({
      clock: { ...systemClock, now: () => systemClock.now() - behindMs },
      gateway: { identifyIntervalMs: 0 },
      rateLimits: { scale: 50, globalPerSecond: 5_000 },
    }).start();
    closeLater(() => fake.close());
    user = fake.addUser({ username: 'ada' });
    channel = fake.addChannel(fake.addGuild({ members: [user] }));
    daemon = await openDaemon();
    await connectDiscord(daemon, fake, {}, 'desk');
  }

  afterEach(closeAll);

  function say(content: string, place = channel): Message {
    return fake.say({ channel: place, author: user, content });
  }

  /** What the bot itself has said. */
  async function said(text: string, place = channel): Promise<Message> {
    await good(daemon, 'message', 'send', desk, place.id, '--text', text, '--wait');
    const message = repliesIn(fake, place).at(-1);
    if (message?.content !== text) throw new Error(`The bot has not said ${text}.`);
    return message;
  }

  /** Somebody else, with a token of their own. */
  async function colleague(): Promise<Shell> {
    const { token } = await daemon.api('POST /tokens', {
      body: { name: 'colleague', scopes: ['operate', 'read'] },
    });
    return { stateDir: daemon.stateDir, env: { PALYRA_ADMIN_TOKEN: token } };
  }

  function reactionsOf(message: Message): readonly string[] {
    return [...message.reactions.values()].map(({ emoji }) => emoji.name);
  }

  describe('are read', () => {
    it('newest first, a page at a time, by id, mention and link', async () => {
      const messages = ['one', 'two', 'three'].map((text) => say(text));
      const read = (...argv: readonly string[]): Promise<Page> =>
        asJson(daemon, 'message', 'read', desk, ...argv);

      const first = await read(`<#${channel.id}>`, '--limit', '2');
      const rest = await read(channel.id, '--limit', '2', '--before', first.nextBefore ?? '');
      const linked = await read(first.messages[0]?.link ?? '', '--message', first.messages[0]?.link ?? '');
      const table = await good(daemon, 'message', 'read', desk, channel.id);

      expect(first.messages.map(({ text }) => text)).toEqual(['three', 'two']);
      expect(first.nextBefore).toBe(messages[1]?.id);
      expect(rest.messages.map(({ text }) => text)).toEqual(['one']);
      expect(rest.nextBefore).toBeUndefined();
      expect(linked.messages).toMatchObject([{ text: 'three', direct: false }]);
      expect(table).toMatch(/^MESSAGE +AT .*\n\d+ +\S+ \S+ +ada +three/);
    });

    it('with a person, by who they are', async () => {
      say('between us', fake.dm(user));

      const page = await asJson<Page>(daemon, 'message', 'read', desk, `<@${user.id}>`);

      expect(page.messages.at(-1)).toMatchObject({ text: 'between us', direct: true });
    });

    it('and searched page by page, also when a page has nothing of it', async () => {
      const wanted = fake.say({
        ...{ channel, author: user, content: 'The Needle' },
        files: [{ filename: 'a.txt', contentType: 'text/plain', bytes: Buffer.from('hay') }],
      });
      say('hay');
      say('more hay');
      const search = (...argv: readonly string[]): Promise<Page> =>
        asJson(daemon, 'message', 'search', desk, channel.id, '--limit', '2', ...argv);

      const empty = await search('--query', 'needle');
      const found = await search('--query', 'needle', '--before', empty.nextBefore ?? '');
      const byAuthor = await search('--author', `<@${user.id}>`);
      const withFiles = await search('--has-attachments', 'yes', '--before', empty.nextBefore ?? '');

      expect(empty.messages).toEqual([]);
      expect(found.messages).toMatchObject([{ address: { message: wanted.id } }]);
      expect(byAuthor.messages).toHaveLength(2);
      expect(withFiles.messages).toMatchObject([{ attachments: [{ name: 'a.txt' }] }]);
    });

    it('or not, and then it says why and fails', async () => {
      const hidden = fake.addChannel(channel.guild!, {
        overwrites: [{ id: channel.guild!.id, type: 0, allow: 0n, deny: 1n << 10n }],
      });
      const limited = (): void =>
        fake.faults.rest({
          route: '/channels/{channel}/messages',
          fault: { kind: 'rate_limit', scope: 'user', retryAfterMs: 7_000 },
        });
      const read = (...argv: readonly string[]) => palyra(daemon, 'message', 'read', desk, ...argv);

      const noAccess = await read(hidden.id);
      const noChannel = await read('1');
      const noMessage = await read(channel.id, '--message', '1');
      const nonsense = await read(channel.id, '--message', 'the last one');
      const twoPlaces = await read(channel.id, '--before', '1', '--after', '2');
      const forAnything = await palyra(daemon, 'message', 'search', desk, channel.id);
      limited();
      const tooOften = await read(channel.id);

      expect([noAccess, noChannel, noMessage, tooOften].map(({ exit }) => exit)).toEqual([69, 69, 69, 75]);
      expect([nonsense, twoPlaces, forAnything].map(({ exit }) => exit)).toEqual([64, 64, 64]);
      expect(noAccess.stderr).toContain('View Channel');
      expect(tooOften.stderr).toMatch(/asks to wait for \d s/);
    });
  });

  describe('are changed', () => {
    it('at once where it is the bot`s own fresh word to one person', async () => {
      const message = await said('befor', fake.dm(user));
      const there = [desk, message.channel.id, message.id];

      const edited = await good(daemon, 'message', 'edit', ...there, '--text', 'before');
      await good(daemon, 'message', 'react', ...there, '--emoji', '👍');
      const reacted = reactionsOf(message);
      await good(daemon, 'message', 'react', ...there, '--emoji', '👍', '--remove');

      expect(edited).toMatch(/^risk +low\n[^]*before +befor\nafter +before\n[^]*state=delivered/);
      expect(message.content).toBe('before');
      expect(reacted).toEqual(['👍']);
      expect(reactionsOf(message)).toEqual([]);
    });

    it('in public when a second person has approved, and not a second time', async () => {
      const message = await said('befor');
      const edit = ['message', 'edit', desk, channel.id, message.id, '--text', 'before'];
      const asked = await palyra(daemon, ...edit, '--reason', 'a typo');
      const approval = /apr_\w+/.exec(asked.stdout)?.[0] ?? '';

      const unapproved = await palyra(daemon, ...edit, '--approval', approval);
      const alone = await palyra(daemon, 'approvals', 'approve', approval);
      const shown = await good(daemon, 'approvals', 'show', approval);
      const unchanged = message.content;
      await good(await colleague(), 'approvals', 'approve', approval);
      const done = await palyra(daemon, ...edit, '--approval', approval);
      const again = await palyra(daemon, ...edit, '--approval', approval);

      expect([asked, unapproved, alone, done, again].map(({ exit }) => exit)).toEqual([77, 75, 77, 0, 75]);
      expect(asked.stderr).toContain(`repeat it with --approval ${approval}`);
      expect(shown).toContain('a typo');
      expect(unchanged).toBe('befor');
      expect(message.content).toBe('before');
    });

    it('never after somebody has changed what was approved', async () => {
      const message = await said('first');
      const remove = ['message', 'delete', desk, channel.id, message.id];
      const asked = await asJsonOf(palyra(daemon, ...remove, '--json'));
      await good(await colleague(), 'approvals', 'approve', asked.approval?.id ?? '');
      fake.edit(message, 'second');

      const { exit, stderr } = await palyra(daemon, ...remove, '--approval', asked.approval?.id ?? '');

      expect([exit, stderr]).toEqual([75, expect.stringContaining('for other contents')]);
      expect(repliesIn(fake, channel)).toContain(message);
    });

    it('or refused by the platform, and then the command fails and says why', async () => {
      const message = say('by ada');
      const remove = ['message', 'delete', desk, channel.id, message.id];
      const asked = await asJsonOf(palyra(daemon, ...remove, '--json'));
      await good(await colleague(), 'approvals', 'approve', asked.approval?.id ?? '');

      const { exit, stderr } = await palyra(daemon, ...remove, '--approval', asked.approval?.id ?? '');

      expect(asked.governance).toMatchObject({ risk: 'critical', needsApproval: true });
      expect([exit, stderr]).toEqual([69, expect.stringContaining('permission_missing')]);
    });

    it('not at all by a preview', async () => {
      const message = await said('as it is');
      const before = fake.requests.all.filter(({ method }) => method !== 'GET').length;

      const shown = await good(daemon, 'message', 'delete', desk, channel.id, message.id, '--preview');

      expect(shown).toMatch(/^risk +high\n[^]*It would need an approval\.\n$/);
      expect(fake.requests.all.filter(({ method }) => method !== 'GET')).toHaveLength(before);
      expect((await daemon.api('GET /approvals', { query: {} })).items).toEqual([]);
    });

    it('the more strictly the older they are', async () => {
      await closeAll();
      await open(25 * hourMs);
      const old = await said('long ago', fake.dm(user));
      behindMs = 2 * hourMs;
      const recent = await said('a while ago', fake.dm(user));
      behindMs = 0;
      const judge = async ({ channel: { id }, id: message }: Message) =>
        (await asJson<Changed>(daemon, ...['message', 'edit', desk, id, message, '--text', 'x', '--preview']))
          .governance;

      expect(await judge(old)).toMatchObject({ risk: 'critical', needsApproval: true });
      expect(await judge(recent)).toMatchObject({ risk: 'high', needsApproval: false });
    });

    it('as in public in a thread that the gateway has never told of', async () => {
      const thread = fake.openThread({ parent: channel, name: 'aside', owner: user });
      const message = await said('in a thread', thread);
      fake.changeThread(thread, { archived: true });
      await daemon.stop();
      fake.gateway.endSessions();
      await daemon.start();
      await live(daemon, desk);

      const { governance } = await asJson<Changed>(
        daemon,
        ...['message', 'edit', desk, thread.id, message.id, '--text', 'x', '--preview'],
      );

      expect(governance).toMatchObject({ risk: 'high', needsApproval: true });
    });

    it('and all of it is in the audit, with who did it', async () => {
      const message = await said('hello', fake.dm(user));
      const there = [desk, message.channel.id, message.id];
      await good(daemon, 'message', 'read', ...there.slice(0, 2));
      await good(daemon, 'message', 'react', ...there, '--emoji', '👍', '--reason', 'seen');
      const asked = await palyra(daemon, 'message', 'delete', ...there);
      const approval = /apr_\w+/.exec(asked.stdout)?.[0] ?? '';
      await good(await colleague(), 'approvals', 'deny', approval);

      const { items } = await daemon.api('GET /audit', { query: {} });

      const noted = items.map(({ action, principal, detail }) => [
        action,
        principal.replace(/.* \((.*)\)$/, '$1'),
        detail.state,
      ]);
      expect(noted.slice(0, 6)).toEqual([
        ['approval.denied', 'colleague', undefined],
        ['token.created', 'bootstrap', undefined],
        ['message.delete', 'bootstrap', 'approval_required'],
        ['message.react', 'bootstrap', 'accepted'],
        ['message.read', 'bootstrap', undefined],
        expect.anything(),
      ]);
    });
  });

  it('are traced and explained by their links, said to the bot and by it', async () => {
    const dm = fake.dm(user);
    const asked = say('what is it?', dm);
    await fake.until(() => repliesIn(fake, dm).length > 0);
    await daemon.traceUntil(asked.id);
    const reply = repliesIn(fake, dm)[0]!;
    const link = ({ id }: Message): string => `https://discord.com/channels/@me/${dm.id}/${id}`;

    const traced = await Promise.all([link(asked), asked.id, link(reply), reply.id].map((id) => trace(id)));
    const why = await good(daemon, 'why', link(asked));

    expect(new Set(traced).size).toBe(1);
    expect(traced[0]).toMatch(/^evt_/);
    expect(why).toMatch(/^It was answered and delivered/);
  });

  it('show in the status how the session is doing, with no part of the token', async () => {
    const status = await good(daemon, 'channels', 'status', desk);
    const all = JSON.stringify(await daemon.api('GET /channels/{id}', { params: { id: desk } }));

    expect(status).toMatch(/^bot +id=\d+ name=bot1$/m);
    expect(status).toMatch(/^reach +may reach private and loopback addresses; talks to http:/m);
    expect(status).toMatch(/^shards +.*state=live since=\d{4}-\d\d-\d\d /m);
    expect(status).not.toMatch(/ +$|=\d{13}\b/m);
    for (const piece of fake.bot.token.match(/.{8}/g) ?? []) expect(`${status}${all}`).not.toContain(piece);
  });

  async function trace(id: string): Promise<string> {
    return (await asJson<{ id: string }>(daemon, 'trace', id)).id;
  }
});

async function asJsonOf(running: Promise<{ readonly stdout: string }>): Promise<Changed> {
  return JSON.parse((await running).stdout) as Changed;
}
