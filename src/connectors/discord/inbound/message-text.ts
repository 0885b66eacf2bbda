import { cutBytes } from '../../../domain/fit-event.ts';
import { messageFlags, messageTypes } from '../api-constants.ts';
import type { ApiContent, ApiEmbed, ApiMessage, ApiPoll } from '../api-types.ts';

/** A message may hold ten embeds of 6,000 characters in all; this is enough to know what it says. */
const renderedBytesMax = 16 * 1024;

/**
 * What a message says: its text, or where it has none, what it shows instead, in short words that a model
 * can read. Names of files are no part of it: they are the sender's, and would be taken for what they say.
 */
export function textOfMessage(message: ApiMessage): string {
  if (message.content !== '') return message.content;
  // It repeats what was said in the channel, where it was taken already.
  if (message.type === messageTypes.threadStarter) return '';
  const forwarded = message.snapshots.map((snapshot) => `[forwarded]\n${textOfContent(snapshot)}`.trimEnd());
  return cutBytes([...forwarded, rendered(message)].filter(isSomething).join('\n'), renderedBytesMax);
}

function textOfContent(content: ApiContent): string {
  return content.content === '' ? rendered(content) : content.content;
}

function rendered(content: ApiContent): string {
  const lines = [
    ...content.component_texts,
    ...content.stickers.map(({ name }) => (name === undefined ? '[sticker]' : `[sticker: ${name}]`)),
    ...(content.poll ? [pollText(content.poll)] : []),
    ...(isVoiceMessage(content) ? [voiceText(content)] : []),
    ...content.embeds.map(embedText),
  ];
  return lines.filter(isSomething).join('\n');
}

function isVoiceMessage({ flags }: ApiContent): boolean {
  return (flags & messageFlags.isVoiceMessage) !== 0;
}

function voiceText({ attachments }: ApiContent): string {
  const seconds = attachments[0]?.duration_secs;
  return seconds === undefined ? '[voice message]' : `[voice message, ${Math.ceil(seconds)} s]`;
}

function pollText({ question, answers }: ApiPoll): string {
  return [`[poll] ${question ?? ''}`.trimEnd(), ...answers.map((answer) => `- ${answer}`)].join('\n');
}

function embedText({ author, title, description, url, fields, footer }: ApiEmbed): string {
  const lines = [
    author,
    title,
    description,
    ...fields.map(({ name, value }) => [name, value].filter(isSomething).join(': ')),
    footer,
  ];
  const text = lines.filter(isSomething).join('\n');
  const shown = text === '' ? url : text;
  return shown === undefined ? '' : `[embed] ${shown}`;
}

function isSomething(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
