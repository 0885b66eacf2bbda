import { mentionPolicies, type MentionPolicy } from '../config.ts';
import type { Extras } from './extras.ts';

/** https://docs.discord.com/developers/resources/message#allowed-mentions-object */
export interface AllowedMentions {
  readonly parse: readonly ('users' | 'roles' | 'everyone')[];
  readonly users?: readonly string[];
  readonly roles?: readonly string[];
  readonly replied_user: boolean;
}

/** Of those whom the agent asks to notify, the ones whom the operator lets it. Nobody by default. */
export function toAllowedMentions(
  asked: Extras['allowedMentions'] = {},
  policy: MentionPolicy = 'none',
): AllowedMentions {
  const admits = (kind: MentionPolicy): boolean =>
    mentionPolicies.indexOf(kind) <= mentionPolicies.indexOf(policy);
  const parse = (asked.parse ?? []).filter(admits);
  const users = admits('users') ? (asked.users ?? []) : [];
  const roles = admits('roles') ? (asked.roles ?? []) : [];
  return {
    parse,
    ...(users.length > 0 ? { users } : {}),
    ...(roles.length > 0 ? { roles } : {}),
    replied_user: admits('users') && asked.repliedUser === true,
  };
}
