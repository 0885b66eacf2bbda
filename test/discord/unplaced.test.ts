import { expect, it, vi } from 'vitest';
import { until } from '../support/daemon.ts';
import { openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsOf, hasty, heard, quiet, saidIn, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

vi.setConfig({ testTimeout: 180_000 });

it(
  'a channel that cannot be looked up holds up no other, and what is said in it comes when it can be',
  closing(async () => {
    const world = await openDiscordWorld({}, { config: hasty });
    const { fake, daemon, user, channel } = world;
    const dm = fake.dm(user);
    await talk(world, 'first');
    await quiet(daemon);
    await daemon.stop();
    fake.faults.decide = ({ route }) =>
      route === '/channels/{channel}' ? { kind: 'status', status: 502, applied: false } : undefined;

    fake.say({ channel, author: user, content: 'in a place unknown' });
    fake.say({ channel: dm, author: user, content: 'second' });
    await daemon.start();
    await fake.until(() => saidIn(world, dm).includes('echo: second'));
    const [before, told] = [await gapsOf(daemon), await heard(daemon)];
    fake.faults.clear();
    const texts = await until(async () => {
      const all = await heard(daemon);
      return all.includes('in a place unknown') ? all : undefined;
    });

    expect(told).toEqual(['first', 'second']);
    expect(before).toContainEqual(
      expect.objectContaining({ scope: `channel ${channel.id} of ${world.guild.id}`, state: 'open' }),
    );
    expect(texts).toHaveLength(3);
  }),
);
