import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Chance } from '../simulation/chance.ts';
import { DaemonProcess } from './daemon-process.ts';
import { account, configureDiscord, connector, DiscordOutside } from './discord-outside.ts';
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
        await live(outside, weather, chance, Math.ceil(messages / kills));
        await daemon.kill();
        // Now and then it is away for longer than the platform waits for it.
        if (round % 4 === 3) outside.fake.gateway.endSessions();
      }
      weather.clear();
      await daemon.start();
      await account(daemon, outside);

      const { items: gaps } = await daemon.api('GET /gaps', { query: { connector, limit: 500 } });
      console.log(figures(outside, weather, gaps));
      expect(outside.said.length).toBeGreaterThanOrEqual(messages);
      expect(new Set(gaps.map(({ state }) => state))).toEqual(new Set(['resumed', 'read_back']));
      for (const what of ['reset', 'status', 'rate_limit', 'told twice'])
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
    for (let said = 0; said < Math.ceil(count / bursts); said++) outside.say();
    if (chance.happens(0.3)) weather.strike();
    await new Promise((resolve) => setTimeout(resolve, chance.between(20, 400)));
  }
}

function figures(
  { said, places }: DiscordOutside,
  { counts }: DiscordWeather,
  gaps: readonly { readonly state: string; readonly recovered: number; readonly duplicates: number }[],
): string {
  const sum = (key: 'recovered' | 'duplicates'): number => gaps.reduce((all, gap) => all + gap[key], 0);
  const states = Object.groupBy(gaps, ({ state }) => state);
  return JSON.stringify({
    said: said.length,
    places: places.length,
    kills,
    gaps: Object.fromEntries(Object.entries(states).map(([state, list]) => [state, list?.length])),
    recovered: sum('recovered'),
    duplicates: sum('duplicates'),
    weather: Object.fromEntries(counts),
  });
}
