import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Chance } from '../simulation/chance.ts';
import { DaemonProcess } from './daemon-process.ts';
import { account, configureDiscord, connector, DiscordOutside, until } from './discord-outside.ts';
import { DiscordWeather } from './discord-weather.ts';

const script = fileURLToPath(new URL('./daemon.ts', import.meta.url));

/** The whole of it takes some ten minutes: PALYRA_SOAK=full. A seed of its own: PALYRA_SOAK_SEED. */
const isFull = process.env.PALYRA_SOAK === 'full';
const { messages, kills } = isFull ? { messages: 10_000, kills: 50 } : { messages: 1_200, kills: 10 };
const seed = Number(process.env.PALYRA_SOAK_SEED ?? 1);

it(
  `loses nothing, doubles nothing and keeps the order: ${messages} messages, ${kills} kills, seed ${seed}`,
  async () => {
    const chance = new Chance(seed);
    const outside = await DiscordOutside.open({
      people: 20,
      threads: 3,
      gateway: { identifyIntervalMs: 0, heartbeatIntervalMs: 1_500 },
    });
    const daemon = new DaemonProcess([script], { quiet: true });
    try {
      await daemon.start();
      await configureDiscord(daemon, outside.fake);
      await daemon.kill();
      const weather = new DiscordWeather(outside.fake, chance);
      weather.begin();

      for (let round = 0; round < kills; round++) {
        await daemon.start();
        // In most of its lives it hears what people say; in the others they talk before it listens.
        if (chance.happens(0.7)) await until(async () => outside.fake.gateway.live().length > 0);
        await live(outside, weather, chance, Math.ceil(messages / kills));
        await daemon.kill();
        // Now and then it is away for longer than the platform waits for it.
        if (round % 4 === 3) outside.fake.gateway.endSessions();
      }
      weather.clear();
      await daemon.start();
      await account(daemon, outside, weather);

      const { items: gaps } = await daemon.api('GET /gaps', { query: { connector, limit: 500 } });
      console.log(figures(outside, weather, gaps), Object.fromEntries(daemon.logged));
      expect(outside.said.length).toBeGreaterThanOrEqual(messages);
      expect(new Set(gaps.map(({ state }) => state))).toEqual(new Set(['resumed', 'read_back']));
      const acknowledged = outside.interactions.filter(({ interaction }) => interaction.response);
      expect(acknowledged.length).toBeGreaterThan(0);
      for (const what of ['reset', 'status', 'rate_limit', 'told twice', 'told late'])
        expect(weather.counts.get(what), what).toBeGreaterThan(0);
    } catch (error) {
      console.log(`Replay it: PALYRA_SOAK_SEED=${seed}${isFull ? ' PALYRA_SOAK=full' : ''}`);
      throw error;
    } finally {
      await daemon.remove();
      await outside.close();
    }
  },
  isFull ? 45 * 60_000 : 10 * 60_000,
);

/** One life of the daemon, or what there is of it: people talk, and connections break. */
async function live(
  outside: DiscordOutside,
  weather: DiscordWeather,
  chance: Chance,
  count: number,
): Promise<void> {
  const bursts = chance.between(4, 12);
  for (let burst = 0; burst < bursts; burst++) {
    for (let said = 0; said < Math.ceil(count / bursts);) {
      const times = chance.happens(0.3) ? 2 : 1;
      outside.say(times);
      said += times;
    }
    for (let used = chance.between(0, 2); used > 0; used--) outside.command();
    if (chance.happens(0.3)) weather.strike();
    await new Promise((resolve) => setTimeout(resolve, chance.between(20, 400)));
  }
}

function figures(
  { said, places, interactions, answersToCommands }: DiscordOutside,
  { counts }: DiscordWeather,
  gaps: readonly { readonly state: string; readonly recovered: number; readonly duplicates: number }[],
): string {
  const sum = (key: 'recovered' | 'duplicates'): number => gaps.reduce((all, gap) => all + gap[key], 0);
  const states = Object.groupBy(gaps, ({ state }) => state);
  return JSON.stringify({
    said: said.length,
    places: places.length,
    commands: interactions.length,
    answered: answersToCommands.filter(([, count]) => count === 1).length,
    acknowledged: interactions.filter(({ interaction }) => interaction.response !== undefined).length,
    kills,
    gaps: Object.fromEntries(Object.entries(states).map(([state, list]) => [state, list?.length])),
    recovered: sum('recovered'),
    duplicates: sum('duplicates'),
    weather: Object.fromEntries(counts),
  });
}
