import { ManualClock } from '../../support/manual-clock.ts';
import type { Channel, Guild, User } from './entities.ts';
import { FakeDiscord, type FakeDiscordOptions } from './fake-discord.ts';
import { intent } from './gateway-intents.ts';
import { RawGateway, type RawGatewayOptions } from './raw-client.ts';

/** What a chat bot asks for. */
export const chat = intent.guilds | intent.guildMessages | intent.directMessages | intent.messageContent;

const closers: (() => unknown)[] = [];

/** For `afterEach`. */
export async function closeScene(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export interface Scene {
  readonly fake: FakeDiscord;
  readonly clock: ManualClock;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly user: User;
}

/** A fake whose clock stands still, with a guild, a channel and a person who is in no guild yet. */
export async function openScene(options: FakeDiscordOptions = {}): Promise<Scene> {
  const clock = new ManualClock();
  const fake = await new FakeDiscord({ clock, ...options }).start();
  closers.push(() => fake.close());
  const guild = fake.addGuild();
  return { fake, clock, guild, channel: fake.addChannel(guild), user: fake.addUser() };
}

export async function connect(fake: FakeDiscord, options?: RawGatewayOptions): Promise<RawGateway> {
  const gateway = await RawGateway.open(fake, options);
  closers.push(() => gateway.terminate());
  return gateway;
}

export async function login(
  fake: FakeDiscord,
  intents: number = chat,
  options?: RawGatewayOptions,
): Promise<RawGateway> {
  const gateway = await connect(fake, options);
  gateway.identify(fake.bot, intents);
  await gateway.first('READY');
  return gateway;
}

export function sessionOf(gateway: RawGateway): string {
  return (gateway.dispatches('READY')[0]?.d as { session_id: string }).session_id;
}

export function contents(gateway: RawGateway): unknown[] {
  return gateway.dispatches('MESSAGE_CREATE').map(({ d }) => (d as { content: string }).content);
}
