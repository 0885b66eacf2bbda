import { readComponents } from '../api-read-message.ts';
import { messageFlags, messageTypes } from '../api-constants.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import { readCustomId } from '../custom-id.ts';
import { type Rendered, repeatLabel } from './render.ts';

/** By how much our clock may be ahead of the platform's. */
export const clockSkewMsMax = 30_000;

/** `unclear` where nothing tells it from another one, and nothing says that it is it. */
export type Likeness = 'same' | 'unclear' | 'other';

/** What we send to channels, and what takes the place of "is thinking". */
const sentTypes: ReadonlySet<number> = new Set([
  messageTypes.default,
  messageTypes.reply,
  messageTypes.chatInputCommand,
  messageTypes.contextMenuCommand,
]);

/**
 * Whether a message looks just like the one that was sent, labelled or not. Discord trims texts, takes some
 * characters out of them, adds previews of links, and calls files by other names.
 */
export function likenessOf(message: ApiMessage, rendered: Rendered, selfId: Snowflake): Likeness {
  if (message.author?.id !== selfId || !sentTypes.has(message.type)) return 'other';
  if ((message.flags & messageFlags.isLoading) !== 0) return 'other';
  if (!mayHaveFiles(message, rendered)) return 'other';
  const { poll, stickers = [] } = rendered.extras;
  const signs: readonly Sign[] = [
    signOf(wordsOf(message), wordsSent(rendered)),
    signOf(
      customIds(message.component_ids),
      customIds(readComponents(rendered.json.components).component_ids),
    ),
    signOf(
      essence([message.poll?.question ?? '', ...(message.poll?.answers ?? [])]),
      essence(textsOfPoll(poll)),
    ),
    signOf(
      message.stickers
        .map(({ id }) => id)
        .toSorted()
        .join(' '),
      stickers.toSorted().join(' '),
    ),
    embedsSign(message, rendered),
    filesSign(message, rendered),
  ];
  if (signs.includes('against')) return 'other';
  return signs.includes('for') ? 'same' : 'unclear';
}

type Sign = 'for' | 'none' | 'against';

function signOf(found: string, sent: string): Sign {
  if (found !== sent) return 'against';
  return sent === '' ? 'none' : 'for';
}

function wordsOf({ content, component_texts: texts }: ApiMessage): string {
  return essence([content, ...texts]);
}

function wordsSent({ json }: Rendered): string {
  const content = typeof json.content === 'string' ? json.content : '';
  return essence([content, ...readComponents(json.components).component_texts]);
}

/** Without the time until which they are good. */
function customIds(ids: readonly string[]): string {
  return JSON.stringify(ids.map((id) => readCustomId(id).id)).replace('[]', '');
}

function textsOfPoll(poll: Rendered['extras']['poll']): readonly string[] {
  return poll ? [poll.question.text, ...poll.answers.map((answer) => answer.poll_media.text)] : [];
}

/** Previews of links are embeds too, and anybody who may manage messages can take all of them away. */
function embedsSign({ embeds: found, flags }: ApiMessage, { extras: { embeds = [] } }: Rendered): Sign {
  if ((flags & messageFlags.suppressEmbeds) !== 0) return 'none';
  const shown = new Set(
    found.map(({ author = '', title = '', description = '', fields, footer = '' }) =>
      essence([
        title,
        description,
        author,
        footer,
        ...fields.flatMap(({ name = '', value = '' }) => [name, value]),
      ]),
    ),
  );
  const sent = embeds.map(({ author, title = '', description = '', fields = [], footer }) => {
    const inFields = fields.flatMap(({ name, value }) => [name, value]);
    return essence([title, description, author?.name ?? '', footer?.text ?? '', ...inFields]);
  });
  if (!sent.every((words) => shown.has(words))) return 'against';
  return sent.every((words) => words === '') ? 'none' : 'for';
}

/** A file that a component or an embed shows is not among the attachments. */
function mayHaveFiles({ attachments, flags }: ApiMessage, { files, json }: Rendered): boolean {
  const areShownElsewhere =
    (flags & messageFlags.isComponentsV2) !== 0 || JSON.stringify(json).includes('attachment://');
  return areShownElsewhere ? attachments.length <= files.length : attachments.length === files.length;
}

function filesSign({ attachments }: ApiMessage, { files }: Rendered): Sign {
  const shown = new Set(attachments.map(({ filename = '' }) => lettersOf(filename)));
  const isEachNamed = files.every(({ name }) => lettersOf(name) !== '' && shown.has(lettersOf(name)));
  return files.length > 0 && isEachNamed ? 'for' : 'none';
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

/** What is left of texts whatever the platform has done to them, without the label. */
export function essence(texts: readonly string[]): string {
  const label = repeatLabel.trimEnd();
  const text = texts.filter((part) => part !== '').join('\n');
  const plain = text.startsWith(label) ? text.slice(label.length) : text;
  return plain
    .normalize('NFC')
    .replace(/[\p{Cf}\p{Cs}\p{Cn}\ufffd]/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
