import { readAttachment, readMessage } from './api-read-message.ts';
import { readChannel, readMember, readUser } from './api-read.ts';
import type { ApiCommandOption, ApiFormField, ApiInteraction, ApiInteractionData } from './api-types.ts';
import { countOf, fieldsOf, flagOf, idOf, listOf, numberOf, present, textOf, valuesOf } from './untrusted.ts';
import type { Fields } from './untrusted.ts';

/** A command has 25 options, a menu 25 values, a form 5 fields: with room to grow. */
const optionsMax = 50;
const valuesMax = 50;
const fieldsMax = 50;
const resolvedMax = 100;
/** A group of subcommands holds subcommands, which hold options. */
const optionDepthMax = 3;
/** A label or a row holds a field. */
const fieldDepthMax = 3;

export function readInteraction(value: unknown): ApiInteraction | undefined {
  const interaction = fieldsOf(value);
  const id = idOf(interaction?.id);
  const type = countOf(interaction?.type);
  const token = textOf(interaction?.token);
  if (!interaction || id === undefined || type === undefined || token === undefined) return undefined;
  return present<ApiInteraction>({
    id,
    application_id: idOf(interaction.application_id),
    type,
    token,
    data: readData(interaction.data),
    guild_id: idOf(interaction.guild_id),
    channel_id: idOf(interaction.channel_id),
    channel: readChannel(interaction.channel),
    member: readMember(interaction.member),
    user: readUser(interaction.user),
    message: readMessage(interaction.message),
    locale: textOf(interaction.locale),
    context: countOf(interaction.context),
    attachment_size_limit: countOf(interaction.attachment_size_limit),
  });
}

function readData(value: unknown): ApiInteractionData | undefined {
  const data = fieldsOf(value);
  if (!data) return undefined;
  const resolved = fieldsOf(data.resolved);
  return present<ApiInteractionData>({
    id: idOf(data.id),
    name: textOf(data.name),
    type: countOf(data.type),
    target_id: idOf(data.target_id),
    options: readOptions(data.options, optionDepthMax),
    custom_id: textOf(data.custom_id),
    component_type: countOf(data.component_type),
    values: Array.isArray(data.values) ? listOf(data.values, textOf, valuesMax) : undefined,
    fields: readFields(data.components, fieldDepthMax).slice(0, fieldsMax),
    resolved: {
      roles: valuesOf(resolved?.roles, (role) => idOf(fieldsOf(role)?.id), resolvedMax),
      users: valuesOf(resolved?.users, readUser, resolvedMax),
      attachments: valuesOf(resolved?.attachments, readAttachment, resolvedMax),
      messages: valuesOf(resolved?.messages, readMessage, resolvedMax),
    },
  });
}

function readOptions(value: unknown, depthMax: number): readonly ApiCommandOption[] {
  if (depthMax === 0) return [];
  return listOf(
    value,
    (entry) => {
      const option = fieldsOf(entry);
      const name = textOf(option?.name);
      if (!option || name === undefined) return undefined;
      return present<ApiCommandOption>({
        name,
        type: countOf(option.type) ?? 0,
        value: scalarOf(option.value),
        focused: flagOf(option.focused),
        options: readOptions(option.options, depthMax - 1),
      });
    },
    optionsMax,
  );
}

/** Unlike other texts, what a user entered may be empty. */
function scalarOf(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' ? value : (numberOf(value) ?? flagOf(value));
}

/** Of a submitted form, in labels (`component`) or in rows (`components`). */
function readFields(value: unknown, depthMax: number): readonly ApiFormField[] {
  if (depthMax === 0) return [];
  return listOf(value, fieldsOf, fieldsMax).flatMap((component) => {
    const below = [component.component, ...listOf(component.components, (child) => child, fieldsMax)];
    const field = readField(component);
    return [...(field ? [field] : []), ...readFields(below, depthMax - 1)];
  });
}

function readField(component: Fields): ApiFormField | undefined {
  const id = textOf(component.custom_id);
  const type = countOf(component.type);
  if (id === undefined || type === undefined) return undefined;
  const { value, values } = component;
  if (Array.isArray(values)) return { custom_id: id, type, value: listOf(values, textOf, valuesMax) };
  return { custom_id: id, type, value: typeof value === 'string' ? value : (flagOf(value) ?? null) };
}
