import { refuse } from './api-error.ts';
import type { Message } from './entities.ts';
import { Form, type Json, record } from './form.ts';
import type { Interaction, Interactions } from './interactions.ts';
import { userMentions } from './mentions.ts';
import { type MessageInput, parseMessage, requireSomething } from './message-form.ts';
import { messageWire } from './message-wire.ts';
import { changeMessage, deleteMessages, type Draft, postMessage } from './messages.ts';
import { type Call, done, ok, openRoute, type Reply, type Route } from './rest-call.ts';
import { applyEdit, referenceTo } from './rest-messages.ts';
import type { World } from './world.ts';

const ephemeral = 1 << 6;
const loading = 1 << 7;
const choicesMax = 25;

/** What each kind of interaction may be answered with first. */
const allowedResponses: Readonly<Record<Interaction['type'], readonly number[]>> = {
  2: [4, 5, 9],
  3: [4, 5, 6, 7, 9],
  4: [8],
  5: [4, 5, 6, 7],
};

/** Source: docs.discord.com/developers/interactions/receiving-and-responding. */
export function interactionRoutes(world: World, interactions: Interactions): readonly Route[] {
  const one = '/webhooks/{application}/{token}/messages/{message}';
  const of = ({ params }: Call): Interaction => interactions.toFollow(params.application, params.token);
  return [
    openRoute('POST', '/interactions/{interaction}/{token}/callback', undefined, (call) => {
      const interaction = interactions.toAcknowledge(call.params.interaction, call.params.token);
      return acknowledge(world, interaction, call);
    }),
    openRoute('POST', '/webhooks/{application}/{token}', 'webhook', (call) =>
      followUp(world, of(call), call),
    ),
    openRoute('GET', one, 'webhook', (call) => {
      const interaction = of(call);
      return ok(wireOf(world, interaction, messageOf(interaction, call)));
    }),
    openRoute('PATCH', one, 'webhook', (call) => {
      const interaction = of(call);
      const message = messageOf(interaction, call);
      edit(world, message, inputOf(world, call.body, call));
      return ok(wireOf(world, interaction, message));
    }),
    openRoute('DELETE', one, 'webhook', (call) => {
      const interaction = of(call);
      const message = messageOf(interaction, call);
      deleteMessages(world, message.channel, [message.id]);
      if (message === interaction.original) interaction.original = undefined;
      else interaction.followups.splice(interaction.followups.indexOf(message), 1);
      return done;
    }),
  ];
}

function acknowledge(world: World, interaction: Interaction, call: Call): Reply {
  const data = record(call.body.data);
  const form = new Form();
  const type = form.integer('type', call.body.type, 4, 9, 0);
  if (!allowedResponses[interaction.type].includes(type))
    form.fail('type', 'INTERACTION_APPLICATION_RESPONSE_TYPE_INVALID', 'Not for this type of interaction.');
  if (type === 8) form.list('data.choices', data.choices, choicesMax);
  if (type === 9) checkModal(form, data);
  form.check();
  if (type === 4 || type === 7) {
    const input = inputOf(world, data, call);
    if (type === 4) {
      requireSomething(input);
      interaction.original = post(world, interaction, input);
    } else if (interaction.source) edit(world, interaction.source, input);
  }
  if (type === 5) {
    const flags = loading | (Number(data.flags ?? 0) & ephemeral);
    interaction.original = post(world, interaction, { ...inputOf(world, {}, call), flags });
  }
  if (type === 6 || type === 7) interaction.original = interaction.source;
  interaction.response = { type, data, at: world.now() };
  if (call.query.get('with_response') !== 'true') return done;
  const { original } = interaction;
  return ok({
    interaction: { id: interaction.id, type: interaction.type, response_message_id: original?.id },
    resource: { type, ...(original ? { message: wireOf(world, interaction, original) } : {}) },
  });
}

function checkModal(form: Form, data: Json): void {
  form.text('data.custom_id', data.custom_id, 1, 100);
  form.text('data.title', data.title, 1, 45);
  if (form.list('data.components', data.components, 5).length === 0)
    form.fail('data.components', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.');
}

/** Right after a deferral it edits the message that is loading: same source, #create-followup-message. */
function followUp(world: World, interaction: Interaction, call: Call): Reply {
  const input = inputOf(world, call.body, call);
  const { original } = interaction;
  requireSomething(input);
  if (original && (original.flags & loading) !== 0) {
    edit(world, original, input);
    return ok(wireOf(world, interaction, original));
  }
  const message = post(world, interaction, input);
  interaction.followups.push(message);
  return ok(wireOf(world, interaction, message));
}

function inputOf(world: World, body: Json, { files }: Call): MessageInput {
  return parseMessage({ body, files, defaultMentions: userMentions, ofInteraction: true }, world.limits);
}

function post(world: World, interaction: Interaction, input: MessageInput): Message {
  const { bot, channel, source, user } = interaction;
  const draft: Draft = {
    author: bot.user,
    content: input.content ?? '',
    allowed: input.allowed,
    type: interaction.type === 2 ? 20 : source ? 19 : 0,
    flags: input.flags,
    embeds: input.embeds ?? [],
    components: input.components ?? [],
    files: input.files,
    applicationId: bot.applicationId,
    webhookId: bot.applicationId,
    interaction: { id: interaction.id, type: interaction.type, user },
    ephemeral: (input.flags & ephemeral) !== 0,
    ...(source && interaction.type !== 2 ? { reference: referenceTo(source, 0) } : {}),
  };
  return postMessage(world, channel, draft);
}

/** A message that was loading is shown with its first edit. */
function edit(world: World, message: Message, input: MessageInput): void {
  const wasLoading = (message.flags & loading) !== 0;
  if (!wasLoading) {
    applyEdit(world, message, input, input.allowed);
    return;
  }
  requireSomething(input);
  changeMessage(world, message, {
    content: input.content ?? '',
    embeds: input.embeds ?? [],
    components: input.components ?? [],
    files: input.files,
    flags: (message.flags & ~loading) | input.flags,
    allowed: input.allowed,
  });
}

/** @throws ApiError 10008 */
function messageOf({ original, followups }: Interaction, { params }: Call): Message {
  const found =
    params.message === '@original'
      ? original
      : [original, ...followups].find((one) => one?.id === params.message);
  return found ?? refuse('unknownMessage');
}

function wireOf(world: World, { bot }: Interaction, message: Message): unknown {
  return messageWire(world, message, { bot, content: true, nonce: true });
}
