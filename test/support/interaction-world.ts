import type { Interaction } from '../fakes/discord/interactions.ts';
import type { TestDaemon } from './daemon.ts';
import { type DiscordWorld, openDiscordWorld } from './discord-daemon.ts';
import { hasty, inboxOf, useAgent } from './discord-scene.ts';
import { StreamingAgent } from './streaming-agent.ts';

export interface InteractionWorld extends DiscordWorld {
  readonly agent: StreamingAgent;
  /** Somebody uses a command in the channel. */
  command(fields?: object): Interaction;
}

/** A world whose agent answers as the test says. */
export async function openInteractions(): Promise<InteractionWorld> {
  const world = await openDiscordWorld({}, { config: hasty });
  const agent = await StreamingAgent.open();
  await useAgent(world.daemon, agent.url);
  const { fake, user, channel } = world;
  return {
    ...world,
    agent,
    command: (fields = {}) =>
      fake.interact({ kind: 'command', name: 'ask', registered: false, user, channel, ...fields }),
  };
}

export function acknowledged({ fake }: DiscordWorld, interaction: Interaction): Promise<void> {
  return fake.until(() => interaction.response !== undefined, 'it to be acknowledged');
}

/** What people did, the oldest first. */
export async function done(daemon: TestDaemon): ReturnType<typeof inboxOf> {
  const events = await inboxOf(daemon);
  return events.filter(({ event }) => event.type === 'command' || event.type === 'action');
}
