import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Channel, User } from '../fakes/discord/entities.ts';
import { FakeDiscord } from '../fakes/discord/fake-discord.ts';
import type { RestFault } from '../fakes/discord/faults.ts';
import { Chance } from '../simulation/chance.ts';
import { good } from '../support/cli.ts';
import { newStateDir } from '../support/daemon.ts';
import { repliesIn } from '../support/discord-daemon.ts';
import { hasty } from '../support/discord-scene.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { type Program, startUp } from '../support/program.ts';

afterEach(closeAll);

/** PALYRA_SOAK=full is the whole of it, and takes its time; PALYRA_SOAK_SEED makes another weather. */
const isFull = process.env.PALYRA_SOAK === 'full';
const { messages, kills } = isFull ? { messages: 10_000, kills: 50 } : { messages: 200, kills: 4 };
const seed = Number(process.env.PALYRA_SOAK_SEED ?? 1);
const people = 5;
const minutes = isFull ? 120 : 5;

/** What a send may meet, and in both ways: before it took effect, and after. */
function weather(chance: Chance): () => RestFault | undefined {
  return () => {
    if (!chance.happens(0.08)) return undefined;
    const applied = chance.happens(0.5);
    const faults: readonly RestFault[] = [
      { kind: 'rate_limit', scope: 'user', retryAfterMs: 50 },
      { kind: 'rate_limit', scope: 'shared', retryAfterMs: 50 },
      { kind: 'status', status: 502, applied },
      { kind: 'reset', applied },
      { kind: 'truncated' },
    ];
    return faults[chance.between(0, faults.length - 1)];
  };
}

it(
  `answers each of ${messages} messages once and in order, through faults and ${kills} kills`,
  { timeout: minutes * 60_000 },
  async () => {
    const chance = new Chance(seed);
    const fake = await new FakeDiscord({
      gateway: { identifyIntervalMs: 0 },
      rateLimits: { scale: 100, globalPerSecond: 10_000 },
    }).start();
    closeLater(() => fake.close());
    const stateDir = newStateDir();
    closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
    writeFileSync(join(stateDir, 'config.json'), JSON.stringify(hasty));
    let daemon: Program = await startUp(stateDir, '--demo');
    await good(
      { stateDir, env: { BOT: fake.bot.token } },
      ...['channels', 'discord', 'setup', '--yes', '--token-env', 'BOT', '--agent', 'echo'],
      ...['--direct-messages', 'allow', '--api-base-url', fake.apiBaseUrl, '--allow-private-network', 'yes'],
    );
    const rooms = Array.from({ length: people }, () => {
      const user = fake.addUser();
      return { user, channel: fake.dm(user), said: [] as string[] };
    });
    const say = (room: { user: User; channel: Channel; said: string[] }, text: string): void => {
      fake.say({ channel: room.channel, author: room.user, content: text });
      room.said.push(text);
    };
    const behind = (): number =>
      rooms.reduce((sum, { said, channel }) => sum + said.length - repliesIn(fake, channel).length, 0);
    // A bot cannot find out over REST who wrote to it for the first time while it was away.
    for (const room of rooms) say(room, 'the first');
    await fake.until(() => behind() <= 0, 'the first answers');
    const send = weather(chance);
    fake.faults.decide = ({ method, route }) =>
      method === 'POST' && route === '/channels/{channel}/messages' ? send() : undefined;
    fake.faults.decideDispatch = () => (chance.happens(0.05) ? 'twice' : undefined);

    const betweenKills = Math.floor(messages / (kills + 1));
    for (let nth = 0; nth < messages; nth++) {
      say(rooms[chance.between(0, people - 1)]!, `number ${nth}`);
      // So that a kill meets work under way, and the queues stay as long as they are in life.
      if (behind() > 20) await fake.until(() => behind() < 10, 'the queues to be shorter', 60_000);
      if (nth > 0 && nth % betweenKills === 0 && nth / betweenKills <= kills) {
        await daemon.kill('SIGKILL');
        daemon = await startUp(stateDir, '--demo');
      }
    }
    await fake.until(() => behind() <= 0, 'every answer', 120_000);

    fake.faults.decide = undefined;
    fake.faults.decideDispatch = undefined;
    for (const { channel, said } of rooms)
      expect(repliesIn(fake, channel).map(({ content }) => content)).toEqual(
        said.map((text) => `echo: ${text}`),
      );
    expect(await good({ stateDir }, 'channels', 'gaps', 'discord:default')).toContain('0 unexplained gaps');
  },
);
