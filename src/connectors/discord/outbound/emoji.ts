import { AppError } from '../../../domain/errors.ts';

/**
 * An emoji as Discord's paths have it: the character itself, or `name:id` for a server's own, which may be
 * given as it stands in messages. @throws AppError `invalid_request` for a name alone: it says nothing.
 */
export function toEmoji(text: string): string {
  const emoji = text.trim();
  const [, name, id] = /^<a?:(\w+):(\d+)>$/.exec(emoji) ?? /^:?(\w+):(\d+)$/.exec(emoji) ?? [];
  if (name !== undefined && id !== undefined) return `${name}:${id}`;
  if (emoji === '' || /^:?[\w+-]+:?$/.test(emoji.replace(/^[\d#*]\ufe0f?\u20e3$/, '')))
    throw new AppError(
      'invalid_request',
      'Write the emoji itself, or name:id for one of a server; a name alone is not enough.',
    );
  return emoji;
}
