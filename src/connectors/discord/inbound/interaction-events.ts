import type { InboundAction, InboundCommand, Sender } from '../../../domain/inbound-event.ts';
import { componentTypes, interactionContexts, optionTypes } from '../api-constants.ts';
import { readInteraction } from '../api-read-interaction.ts';
import type {
  ApiCommandOption,
  ApiFormField,
  ApiInteraction,
  ApiInteractionData,
  ApiUser,
  Snowflake,
} from '../api-types.ts';
import { readCustomId } from '../custom-id.ts';
import { roleIdentity, userIdentity } from '../identity.ts';
import { snowflakeTime } from '../snowflake.ts';
import { attachmentsOf, toAttachment } from './attachments.ts';
import type { Inbound, InboundContext } from './inbound-context.ts';
import { type InteractionTicket, toTicket } from './interaction-ticket.ts';
import { textOfMessage } from './message-text.ts';
import { type Placed, placeAt } from './place.ts';
import { senderOfUser } from './sender.ts';

type Resolved = ApiInteractionData['resolved'];
type Values = Readonly<Record<string, unknown>>;

const commandTypes = { user: 2, message: 3 } as const;

/**
 * A command as `command`; a button, a menu and a submitted form as `action`, with what was pressed, chosen or
 * entered in `values`, and its kind beside it. Half-typed commands come as actions too, of the kind
 * `autocomplete`: nobody has invoked anything yet. What was pressed too late is no event. Undefined when it is
 * no interaction that can be answered.
 */
export function toInteraction(data: unknown, context: InboundContext): Inbound | undefined {
  const interaction = readInteraction(data);
  const ticket = interaction && toTicket(interaction, context.applicationId, context.now);
  const invoker = interaction && (interaction.member?.user ?? interaction.user);
  const channel = interaction?.channel_id ?? interaction?.channel?.id;
  if (!interaction?.data || !ticket || !invoker || channel === undefined) return undefined;
  const common = commonOf(interaction, { ticket, invoker, channel }, context);
  const event = toEvent(interaction.data, ticket, common);
  return event && { kept: ticket.isTooLate === true ? [] : [event], interaction: ticket };
}

type Common = Placed & {
  readonly dedupeKey: string;
  readonly occurredAt: number;
  readonly sender: Sender;
};

interface Invocation {
  readonly ticket: InteractionTicket;
  readonly invoker: ApiUser;
  readonly channel: Snowflake;
}

function commonOf(
  interaction: ApiInteraction,
  { ticket, invoker, channel }: Invocation,
  context: InboundContext,
): Common {
  const { data } = interaction;
  const target = data?.type === commandTypes.message ? data.target_id : undefined;
  const place = placeAt(
    {
      channel,
      guild: interaction.guild_id,
      told: interaction.channel,
      message: target ?? interaction.message?.id,
      handle: ticket.handle,
      isParty: interaction.context !== interactionContexts.privateChannel,
    },
    context,
  );
  return {
    ...place,
    dedupeKey: ticket.handle,
    occurredAt: snowflakeTime(interaction.id),
    sender: senderOfUser(invoker, interaction.member, context),
  };
}

function toEvent(
  data: ApiInteractionData,
  ticket: InteractionTicket,
  common: Common,
): InboundCommand | InboundAction | undefined {
  const { custom_id: id } = data;
  switch (ticket.kind) {
    case 'command':
      return toCommand(data, common);
    case 'autocomplete':
      return toAutocomplete(data, common);
    case 'component': {
      if (id === undefined) return undefined;
      return { type: 'action', ...common, action: readCustomId(id).id, values: pressed(data) };
    }
    case 'form':
      return id === undefined ? undefined : { type: 'action', ...common, action: id, values: entered(data) };
  }
}

function toCommand(data: ApiInteractionData, common: Common): InboundCommand | undefined {
  const invoked = invocationOf(data);
  if (!invoked) return undefined;
  return { type: 'command', ...common, name: invoked.name, args: argsOf(data, invoked.options) };
}

function toAutocomplete(data: ApiInteractionData, common: Common): InboundAction | undefined {
  const invoked = invocationOf(data);
  if (!invoked) return undefined;
  const focused = invoked.options.find((option) => option.focused === true)?.name;
  const values = {
    kind: 'autocomplete',
    ...(focused === undefined ? {} : { focused }),
    args: argsOf(data, invoked.options),
  };
  return { type: 'action', ...common, action: invoked.name, values };
}

/** A subcommand is part of the name, as people type it: `permissions user get`. */
function invocationOf(
  data: ApiInteractionData,
): { readonly name: string; readonly options: readonly ApiCommandOption[] } | undefined {
  if (data.name === undefined) return undefined;
  const path = [data.name];
  let { options } = data;
  for (let inner = subcommandOf(options); inner; inner = subcommandOf(options)) {
    path.push(inner.name);
    ({ options } = inner);
  }
  return { name: path.join(' '), options };
}

function subcommandOf(options: readonly ApiCommandOption[]): ApiCommandOption | undefined {
  return options.find(({ type }) => type === optionTypes.subcommand || type === optionTypes.subcommandGroup);
}

function argsOf(data: ApiInteractionData, options: readonly ApiCommandOption[]): Values {
  const { target_id: target, type, resolved } = data;
  if (target !== undefined && type === commandTypes.user) return { target: userIdentity(target) };
  if (target !== undefined && type === commandTypes.message) return targetMessage(target, resolved);
  return Object.fromEntries(options.map((option) => [option.name, optionValue(option, resolved)]));
}

function targetMessage(target: Snowflake, { messages }: Resolved): Values {
  const message = messages.find(({ id }) => id === target);
  if (!message) return { target };
  const attachments = attachmentsOf(message);
  return {
    target,
    text: textOfMessage(message),
    ...(message.author ? { author: userIdentity(message.author.id) } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
  };
}

function optionValue({ type, value }: ApiCommandOption, resolved: Resolved): unknown {
  if (typeof value !== 'string') return value ?? null;
  switch (type) {
    case optionTypes.user:
      return userIdentity(value);
    case optionTypes.role:
      return roleIdentity(value);
    case optionTypes.mentionable:
      return mentionable(value, resolved);
    case optionTypes.attachment:
      return fileOf(value, resolved);
    default:
      return value;
  }
}

function pressed(data: ApiInteractionData): Values {
  if (data.values === undefined) return { kind: 'button' };
  return { kind: 'menu', values: chosen(data.component_type, data.values, data.resolved) };
}

function entered(data: ApiInteractionData): Values {
  const fields = data.fields.map((field) => [field.custom_id, fieldValue(field, data.resolved)]);
  return { kind: 'form', fields: Object.fromEntries(fields) as Values };
}

function fieldValue({ type, value }: ApiFormField, resolved: Resolved): unknown {
  return typeof value === 'object' && value !== null ? chosen(type, value, resolved) : value;
}

function chosen(type: number | undefined, values: readonly string[], resolved: Resolved): readonly unknown[] {
  switch (type) {
    case componentTypes.userSelect:
      return values.map(userIdentity);
    case componentTypes.roleSelect:
      return values.map(roleIdentity);
    case componentTypes.mentionableSelect:
      return values.map((id) => mentionable(id, resolved));
    case componentTypes.fileUpload:
      return values.map((id) => fileOf(id, resolved));
    default:
      return values;
  }
}

function mentionable(id: Snowflake, { roles }: Resolved): string {
  return roles.includes(id) ? roleIdentity(id) : userIdentity(id);
}

function fileOf(id: Snowflake, { attachments }: Resolved): unknown {
  const attachment = attachments.find((candidate) => candidate.id === id);
  return attachment ? toAttachment(attachment) : { id };
}
