import type { Snowflake } from '../api-types.ts';
import type { Priority, RestRequest } from '../rest/request.ts';
import type { Rendered } from './render.ts';

export interface NewMessage {
  readonly channel: Snowflake;
  readonly rendered: Rendered;
  readonly nonce: string;
  /** The message that it replies to. */
  readonly replyTo?: string | undefined;
  readonly priority: Priority;
}

/** A repeat with the same nonce makes no second message, for a few minutes. */
export function toCreate({ channel, rendered, nonce, replyTo, priority }: NewMessage): RestRequest {
  return {
    method: 'POST',
    route: '/channels/{channel}/messages',
    params: { channel },
    json: {
      ...rendered.json,
      nonce,
      enforce_nonce: true,
      ...(replyTo === undefined
        ? {}
        : { message_reference: { message_id: replyTo, fail_if_not_exists: false } }),
    },
    ...filesOf(rendered),
    priority,
    auth: 'bot',
  };
}

/** https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel; it takes no nonce. */
export function toPost(forum: Snowflake, name: string, rendered: Rendered, priority: Priority): RestRequest {
  const { appliedTags } = rendered.extras;
  return {
    method: 'POST',
    route: '/channels/{channel}/threads',
    params: { channel: forum },
    json: {
      name,
      ...(appliedTags === undefined ? {} : { applied_tags: appliedTags }),
      message: rendered.json,
    },
    ...filesOf(rendered),
    priority,
    auth: 'bot',
  };
}

export function toEdit(
  channel: Snowflake,
  message: Snowflake,
  rendered: Rendered,
  priority: Priority,
): RestRequest {
  return {
    method: 'PATCH',
    route: '/channels/{channel}/messages/{message}',
    params: { channel, message },
    json: rendered.json,
    ...filesOf(rendered),
    priority,
    auth: 'bot',
  };
}

export function toDelete(channel: Snowflake, message: Snowflake, priority: Priority): RestRequest {
  return {
    method: 'DELETE',
    route: '/channels/{channel}/messages/{message}',
    params: { channel, message },
    priority,
    auth: 'bot',
  };
}

export function toReaction(
  channel: Snowflake,
  message: Snowflake,
  emoji: string,
  remove: boolean,
  priority: Priority,
): RestRequest {
  return {
    method: remove ? 'DELETE' : 'PUT',
    route: '/channels/{channel}/messages/{message}/reactions/{emoji}/@me',
    params: { channel, message, emoji },
    priority,
    auth: 'bot',
  };
}

export function toTyping(channel: Snowflake): RestRequest {
  return {
    method: 'POST',
    route: '/channels/{channel}/typing',
    params: { channel },
    priority: 'typing',
    auth: 'bot',
  };
}

function filesOf({ files }: Rendered): Pick<RestRequest, 'files'> {
  return files.length === 0 ? {} : { files };
}
