import type { Bot, Channel, Command, Guild, Message, User } from './entities.ts';
import type { Json } from './form.ts';
import type { Interaction, Interactions, InteractionType } from './interactions.ts';
import { messageWire } from './message-wire.ts';
import { guildPermissions } from './permissions.ts';
import { ensureMember } from './settle-world.ts';
import { channelWire, memberWire, userWire } from './wire.ts';
import type { World } from './world.ts';

interface By {
  readonly user: User;
  readonly channel: Channel;
  /** The first bot when absent. */
  readonly bot?: Bot;
}

export type InteractSpec = By &
  (
    | {
        readonly kind: 'command' | 'autocomplete';
        /** Of a command that is registered, for this guild or for all. */
        readonly name: string;
        /** As in the payload: `[{ name, type, value, focused? }]`. */
        readonly options?: readonly Json[];
        /** What a user or a message command is used on. */
        readonly target?: User | Message;
        /** False: the command need not be registered. */
        readonly registered?: boolean;
      }
    | {
        readonly kind: 'component';
        readonly message: Message;
        readonly customId: string;
        /** 2 a button, 3 a select, 5 to 8 other selects. */
        readonly componentType?: number;
        readonly values?: readonly string[];
      }
    | {
        readonly kind: 'modal';
        readonly customId: string;
        /** Texts by the custom id of their input. */
        readonly fields: Readonly<Record<string, string>>;
        /** The message with the component that the modal came from. */
        readonly message?: Message;
      }
  );

const types: Readonly<Record<InteractSpec['kind'], InteractionType>> = {
  command: 2,
  component: 3,
  autocomplete: 4,
  modal: 5,
};

/** A user uses a command or a component: the bot gets INTERACTION_CREATE. */
export function interact(world: World, interactions: Interactions, spec: InteractSpec): Interaction {
  const { user, channel, bot = world.bots[0]! } = spec;
  ensureMember(world, channel.guild, user);
  const source = 'message' in spec ? spec.message : undefined;
  const data = dataOf(world, spec, bot);
  const interaction = interactions.open({ type: types[spec.kind], bot, user, channel, source });
  const { guild } = channel;
  world.publish({
    type: 'INTERACTION_CREATE',
    channel,
    only: bot,
    data: () => ({
      id: interaction.id,
      application_id: bot.applicationId,
      type: interaction.type,
      token: interaction.token,
      version: 1,
      channel_id: channel.id,
      channel: channelWire(channel),
      ...(guild ? ofGuild(world, guild, channel, user) : { user: userWire(user), context: 1 }),
      app_permissions: world.permissionsIn(channel, bot.user.id).toString(),
      locale: 'en-US',
      entitlements: [],
      authorizing_integration_owners: { '0': guild?.id ?? '0' },
      attachment_size_limit: world.limits.attachmentBytesMax,
      data,
      ...(source ? { message: messageWire(world, source, { bot, content: true, nonce: false }) } : {}),
    }),
  });
  return interaction;
}

function ofGuild(world: World, guild: Guild, channel: Channel, user: User): Json {
  const member = guild.members.get(user.id)!;
  const permissions = guildPermissions(guild, user.id) && world.permissionsIn(channel, user.id);
  return {
    guild_id: guild.id,
    guild: { id: guild.id, locale: 'en-US', features: [] },
    guild_locale: 'en-US',
    member: { ...memberWire(member), permissions: permissions.toString() },
    context: 0,
  };
}

function dataOf(world: World, spec: InteractSpec, bot: Bot): Json {
  switch (spec.kind) {
    case 'component':
      return {
        custom_id: spec.customId,
        component_type: spec.componentType ?? (spec.values ? 3 : 2),
        ...(spec.values ? { values: spec.values } : {}),
      };
    case 'modal':
      return {
        custom_id: spec.customId,
        components: Object.entries(spec.fields).map(([customId, value]) => ({
          type: 1,
          components: [{ type: 4, custom_id: customId, value }],
        })),
      };
    case 'command':
    case 'autocomplete':
      return commandData(world, spec, bot);
  }
}

function commandData(
  world: World,
  spec: Extract<InteractSpec, { kind: 'command' | 'autocomplete' }>,
  bot: Bot,
): Json {
  const { guild } = spec.channel;
  const known = findCommand(bot, spec.name, guild?.id);
  if (!known && spec.registered !== false) throw new Error(`The bot has no command '${spec.name}'.`);
  const { target } = spec;
  const isMessage = target !== undefined && 'author' in target;
  return {
    id: known?.id ?? world.nextId(),
    name: spec.name,
    type: known?.type ?? (target === undefined ? 1 : isMessage ? 3 : 2),
    ...(known?.guildId === undefined ? {} : { guild_id: known.guildId }),
    ...(spec.options ? { options: spec.options } : {}),
    ...(target === undefined
      ? {}
      : {
          target_id: target.id,
          resolved: isMessage
            ? { messages: { [target.id]: messageWire(world, target, { bot, content: true, nonce: false }) } }
            : { users: { [target.id]: userWire(target) } },
        }),
  };
}

function findCommand(bot: Bot, name: string, guildId: string | undefined): Command | undefined {
  const scopes = guildId === undefined ? [''] : [guildId, ''];
  for (const scope of scopes)
    for (const command of bot.commands.get(scope)?.values() ?? []) if (command.name === name) return command;
  return undefined;
}
