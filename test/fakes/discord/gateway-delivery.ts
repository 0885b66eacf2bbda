import { sleep } from '../../../src/lib/clock.ts';
import { mayReadContent } from './application-flags.ts';
import type { Faults } from './faults.ts';
import { intent, isWanted } from './gateway-intents.ts';
import type { Session } from './gateway-session.ts';
import type { World, WorldEvent } from './world.ts';

/** How long a late dispatch waits when no other comes. */
const lateMs = 1_000;

/** Sends an event into a session, if it is for it, as the weather has it. `written` is kept per event. */
export function deliver(
  world: World,
  faults: Faults,
  event: WorldEvent,
  session: Session,
  written: Map<string, string>,
): void {
  if (!concerns(world, event, session)) return;
  const json = dataFor(event, session, written);
  const send = (): void => session.dispatch(event.type, json);
  const { held } = session;
  const fault = faults.takeDispatch(event);
  if (fault === 'late' && !held) {
    const release = (): void => {
      session.held = undefined;
      send();
    };
    session.held = release;
    void sleep(world.clock, lateMs).then(() => (session.held === release ? release() : undefined));
    return;
  }
  if (fault !== 'lose') send();
  if (fault === 'twice') send();
  held?.();
}

/** Written once for all sessions that see it alike. */
function dataFor(event: WorldEvent, { bot, intents }: Session, written: Map<string, string>): string {
  const content = (intents & intent.messageContent) !== 0 && mayReadContent(bot.flags);
  const key = `${bot.applicationId} ${content}`;
  const known = written.get(key);
  if (known !== undefined) return known;
  const json = JSON.stringify(event.data(bot, content));
  written.set(key, json);
  return json;
}

function concerns(world: World, event: WorldEvent, { bot, shard, intents }: Session): boolean {
  const guild = event.channel?.guild ?? event.guild;
  if (shardOf(guild?.id, shard[1]) !== shard[0]) return false;
  // Of its own membership a bot hears without the members intent, but not that it began: gateway#caveats.
  if (event.about === bot.user) return event.type === 'GUILD_MEMBER_UPDATE';
  if (!isWanted(event, intents)) return false;
  if (event.only) return event.only === bot;
  if (event.channel) return world.canSee(event.channel, bot.user.id);
  return guild?.members.has(bot.user.id) ?? true;
}

/** Source: docs.discord.com/developers/events/gateway#sharding. Direct messages go to shard 0. */
export function shardOf(guildId: string | undefined, count: number): number {
  return guildId === undefined ? 0 : Number((BigInt(guildId) >> 22n) % BigInt(count));
}
