import { messageTypes } from '../api-constants.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import { type Rendered, repeatLabel } from './render.ts';

/** By how much our clock may be ahead of the platform's. */
export const clockSkewMsMax = 30_000;

/** What we send to channels, and what takes the place of "is thinking". */
const sentTypes: ReadonlySet<number> = new Set([
  messageTypes.default,
  messageTypes.reply,
  messageTypes.chatInputCommand,
  messageTypes.contextMenuCommand,
]);

/**
 * Whether a message looks just like the one that was sent, labelled or not. Discord trims texts, takes some
 * characters out of them, and adds previews of links.
 */
export function isSameMessage(
  message: ApiMessage,
  { content, extras, files }: Rendered,
  selfId: Snowflake,
): boolean {
  if (message.author?.id !== selfId) return false;
  if (!sentTypes.has(message.type)) return false;
  const { embeds = [], poll, stickers = [], flags = [] } = extras;
  const shown = flags.includes('componentsV2') ? (message.component_texts[0] ?? '') : message.content;
  return (
    essence(shown) === essence(content) &&
    message.attachments.length === files.length &&
    message.stickers.length === stickers.length &&
    message.poll?.question === poll?.question.text &&
    embeds.every(({ title, description }) =>
      message.embeds.some(
        (embed) =>
          essence(embed.title ?? '') === essence(title ?? '') &&
          essence(embed.description ?? '') === essence(description ?? ''),
      ),
    )
  );
}

/** What is left of a text whatever the platform has done to it, without the label. */
function essence(text: string): string {
  const plain = text.startsWith(repeatLabel.trimEnd()) ? text.slice(repeatLabel.trimEnd().length) : text;
  return plain
    .normalize('NFC')
    .replace(/[\p{Cf}\p{Cs}\p{Cn}\ufffd]/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
