import { AppError } from '../../../domain/errors.ts';
import { messageFlags } from '../api-constants.ts';
import type { MentionPolicy } from '../config.ts';
import { withExpiry } from '../custom-id.ts';
import type { RestFile } from '../rest/request.ts';
import { toAllowedMentions } from './allowed-mentions.ts';
import { mapCustomIds } from './components.ts';
import { characters } from './embed.ts';
import { bytesOf, type ExtraFile, type Extras, parseExtras, showsSomething } from './extras.ts';

/** https://docs.discord.com/developers/resources/message#create-message */
export const contentMax = 2_000;
/** Stands before a text that may be there already, when nobody could find out. */
export const repeatLabel = '(possibly a repeat) ';
/** https://docs.discord.com/developers/components/reference#text-display */
const textDisplay = 10;

/** What a message is made of, without where it goes and what it is called. */
export interface Rendered {
  readonly json: Readonly<Record<string, unknown>>;
  readonly files: readonly RestFile[];
  readonly extras: Extras;
  /** As it will stand in the message. */
  readonly content: string;
}

export interface RenderOptions {
  readonly mentions: MentionPolicy;
  readonly possibleDuplicate?: boolean;
  /** Unix ms: when it was first tried to send it. From then on it is counted how long components are good. */
  readonly sentAt?: number | undefined;
}

/**
 * The body of a message. With componentsV2 the text becomes the first of the components.
 * @throws AppError `unsupported` when the extras cannot be shown, `too_large` for a text over `contentMax`,
 *   `invalid_request` when there is nothing to show.
 */
export function renderMessage(
  { text, extras: given }: { readonly text: string; readonly extras?: unknown },
  { mentions, possibleDuplicate = false, sentAt }: RenderOptions,
): Rendered {
  const extras = parseExtras(given);
  const content = `${possibleDuplicate ? repeatLabel : ''}${text}`.toWellFormed();
  const length = characters(content);
  if (length > contentMax)
    throw new AppError(
      'too_large',
      `The text has ${length} characters; ${contentMax} is the most on Discord.`,
    );
  if (text.trim() === '' && !showsSomething(extras))
    throw new AppError('invalid_request', 'The message has nothing to show: neither a text nor extras.');
  const { embeds, poll, stickers, files = [] } = extras;
  return {
    json: {
      ...bodyOf(content, extras, sentAt),
      ...(embeds === undefined ? {} : { embeds }),
      ...(poll === undefined ? {} : { poll }),
      ...(stickers === undefined ? {} : { sticker_ids: stickers }),
      ...(files.length === 0 ? {} : { attachments: files.map(toAttachment) }),
      allowed_mentions: toAllowedMentions(extras.allowedMentions, mentions),
      ...flagsOf(extras),
    },
    files: files.map(toFile),
    extras,
    content,
  };
}

function bodyOf(
  content: string,
  { components: given, expiresAfterMs, flags = [] }: Extras,
  sentAt: number | undefined,
): Readonly<Record<string, unknown>> {
  const until = expiresAfterMs === undefined || sentAt === undefined ? undefined : sentAt + expiresAfterMs;
  const components =
    until === undefined ? given : given && mapCustomIds(given, (id) => withExpiry(id, until));
  if (!flags.includes('componentsV2'))
    return { content, ...(components === undefined ? {} : { components }) };
  const text = content.trim() === '' ? [] : [{ type: textDisplay, content }];
  return { components: [...text, ...(components ?? [])] };
}

function flagsOf({ flags = [] }: Extras): { readonly flags?: number } {
  if (flags.length === 0) return {};
  const bits = {
    suppressEmbeds: messageFlags.suppressEmbeds,
    suppressNotifications: messageFlags.suppressNotifications,
    componentsV2: messageFlags.isComponentsV2,
  };
  return { flags: flags.reduce((sum, flag) => sum | bits[flag], 0) };
}

function toAttachment(file: ExtraFile, id: number): Readonly<Record<string, unknown>> {
  const { description } = file;
  return { id, filename: nameOf(file), ...(description === undefined ? {} : { description }) };
}

function toFile(file: ExtraFile): RestFile {
  const contentType =
    file.text === undefined
      ? (file.contentType ?? 'application/octet-stream')
      : `${file.contentType ?? 'text/plain'}; charset=utf-8`;
  return { name: nameOf(file), contentType, bytes: bytesOf(file) };
}

/** Discord hides files whose names begin so, until somebody clicks them. */
function nameOf({ name, spoiler }: ExtraFile): string {
  return spoiler === true ? `SPOILER_${name}` : name;
}
