import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/daemon.ts';
import {
  connector,
  type DiscordWorld,
  live,
  openDiscordWorld,
  repliesIn,
} from '../support/discord-daemon.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

function gapsOf({ daemon }: DiscordWorld) {
  return daemon.api('GET /gaps', { query: { connector } }).then(({ items }) => items);
}

/** Every gap is explained. */
function settled(world: DiscordWorld) {
  return until(async () => {
    const gaps = await gapsOf(world);
    return gaps.length > 0 && gaps.every(({ state }) => state !== 'open') ? gaps : undefined;
  });
}

async function ask(world: DiscordWorld, text: string): Promise<void> {
  const { fake, user } = world;
  const before = repliesIn(fake, fake.dm(user)).length;
  fake.say({ channel: fake.dm(user), author: user, content: text });
  await fake.until(() => repliesIn(fake, fake.dm(user)).length > before);
}

describe('what is said while the daemon is away', () => {
  it('is replayed by the gateway after a short absence, and the gap says so', async () => {
    const world = await openDiscordWorld();
    const { fake, daemon, user } = world;
    await ask(world, 'first');
    await daemon.stop();

    fake.say({ channel: fake.dm(user), author: user, content: 'while you were away' });
    await daemon.start();
    await fake.until(() => repliesIn(fake, fake.dm(user)).length === 2);

    expect(repliesIn(fake, fake.dm(user)).map(({ content }) => content)).toEqual([
      'echo: first',
      'echo: while you were away',
    ]);
    const gaps = await settled(world);
    expect(gaps).toMatchObject([{ state: 'resumed', scope: '0/1' }]);
    expect(fake.gateway.journal.of('identified')).toHaveLength(1);
  });

  it('is read back when the session cannot be resumed, each message once and in order', async () => {
    const world = await openDiscordWorld();
    const { fake, daemon, user, channel } = world;
    await ask(world, 'first');
    fake.say({ channel, author: user, content: 'hello everybody' });
    await until(async () => {
      const { items } = await daemon.api('GET /events', { query: {} });
      return items.length >= 3 || undefined;
    });
    await daemon.stop();

    fake.gateway.endSessions();
    for (const text of ['one', 'two', 'three'])
      fake.say({ channel: fake.dm(user), author: user, content: text });
    fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> four` });
    await daemon.start();
    await live(daemon);
    await fake.until(() => repliesIn(fake, fake.dm(user)).length === 4);
    await fake.until(() => repliesIn(fake, channel).length === 1);

    const answers = repliesIn(fake, fake.dm(user)).map(({ content }) => content);
    expect(answers).toEqual(['echo: first', 'echo: one', 'echo: two', 'echo: three']);
    const gaps = await settled(world);
    expect(gaps).toMatchObject([{ state: 'read_back', recovered: 4 }]);
  });
});
