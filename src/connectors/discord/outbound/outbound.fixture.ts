import { FakeDiscord, type FakeDiscordOptions } from '../../../../test/fakes/discord/fake-discord.ts';
import type { Channel, Guild } from '../../../../test/fakes/discord/entities.ts';
import { client, closeLater } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import type { ConnectorId, MessageId, PartId } from '../../../domain/ids.ts';
import type { OutboundOperation, OutboundPart, UncertainPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../../domain/outcome.ts';
import { Secret } from '../../../lib/secret.ts';
import { createRest } from '../rest/rest.ts';
import type { OutboundDeps } from './deps.ts';
import { OutboundMemory } from './memory.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import { sendPart } from './send.ts';

export interface Bench {
  readonly discord: FakeDiscord;
  readonly clock: ManualClock;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly deps: OutboundDeps;
  /** A part to `channel`, or to what `address` says, that is about to be attempted. */
  part(operation: OutboundOperation | string, fields?: PartFields): UncertainPart;
  send(part: OutboundPart): Promise<DeliveryOutcome>;
  resolve(part: UncertainPart): Promise<ResolvedUnknown>;
  /** The same account in a new process, which remembers nothing. */
  restart(): void;
}

export interface PartFields extends Partial<Omit<UncertainPart, 'address' | 'operation'>> {
  readonly to?: string;
  readonly thread?: string;
  readonly about?: string;
}

const signal = new AbortController().signal;

/** A fake Discord, and what an account needs to send to it: the real client, over real sockets. */
export async function openBench(
  options: FakeDiscordOptions = {},
  given: Partial<OutboundDeps> = {},
): Promise<Bench> {
  const clock = new ManualClock();
  const discord = new FakeDiscord({ clock, rateLimits: { scale: 100 }, ...options });
  await discord.start();
  closeLater(() => discord.close());
  const guild = discord.addGuild();
  const channel = discord.addChannel(guild);
  const fetch = client({ clock });
  /** As an outbox knows it. */
  const firstSent = new Map<MessageId, string>();
  const open = (): OutboundDeps => ({
    rest: createRest({
      fetch,
      apiBaseUrl: discord.apiBaseUrl,
      policy: { hosts: ['127.0.0.1'], allowPrivate: true, allowHttp: true },
      token: async () => new Secret(discord.bot.token),
      clock,
      userAgent: 'DiscordBot (https://palyra.test, 1)',
    }),
    selfId: discord.bot.user.id,
    mentions: 'none',
    channelTypeOf: () => undefined,
    isSent: () => Promise.resolve(false),
    firstSentOf: (message) => Promise.resolve(firstSent.get(message)),
    memory: new OutboundMemory(),
    ...given,
  });
  let deps = open();
  let count = 0;
  return {
    discord,
    clock,
    guild,
    channel,
    get deps() {
      return deps;
    },
    part(operation, { to, thread, about, ...fields } = {}) {
      count += 1;
      return {
        id: `prt_${count}` as PartId,
        message: `msg_${count}` as MessageId,
        key: `turn_${count}:0:0`,
        address: {
          connector: 'discord:default' as ConnectorId,
          conversation: to ?? channel.id,
          ...(thread === undefined ? {} : { thread }),
          ...(about === undefined ? {} : { message: about }),
        },
        operation: typeof operation === 'string' ? { op: 'send', text: operation } : operation,
        part: 1,
        parts: 1,
        attempt: 1,
        possibleDuplicate: false,
        firstAttemptAt: clock.now(),
        ...fields,
      };
    },
    send: async (part) => noted(part, await sendPart(part, deps, signal), firstSent),
    resolve: (part) => resolveUnknown(part, deps, signal),
    restart: () => {
      deps = open();
    },
  };
}

function noted(
  { message, part }: OutboundPart,
  outcome: DeliveryOutcome,
  firstSent: Map<MessageId, string>,
): DeliveryOutcome {
  const [id] = outcome.kind === 'delivered' ? outcome.platformIds : [];
  if (id !== undefined && part === 1) firstSent.set(message, id);
  return outcome;
}
