import type { Channel, User } from './entities.ts';
import type { Form, Json } from './form.ts';
import { record } from './form.ts';
import type { World } from './world.ts';

export interface Mentions {
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly everyone: boolean;
}

/** Which of the mentions in a text may notify. */
export interface AllowedMentions {
  readonly users: ReadonlySet<string> | 'all';
  readonly roles: ReadonlySet<string> | 'all';
  readonly everyone: boolean;
  readonly repliedUser: boolean;
}

export const allMentions: AllowedMentions = { users: 'all', roles: 'all', everyone: true, repliedUser: true };
/** The default of interaction answers and webhooks. */
export const userMentions: AllowedMentions = {
  users: 'all',
  roles: new Set(),
  everyone: false,
  repliedUser: true,
};

export function mentionsIn(
  world: World,
  channel: Channel,
  content: string,
  allowed: AllowedMentions,
  repliedTo?: User,
): Mentions {
  const users = new Set<string>();
  for (const [, id = ''] of content.matchAll(/<@!?(\d+)>/g))
    if (world.users.has(id) && isIn(allowed.users, id)) users.add(id);
  if (repliedTo && allowed.repliedUser) users.add(repliedTo.id);
  const roles = new Set<string>();
  for (const [, id = ''] of content.matchAll(/<@&(\d+)>/g))
    if (channel.guild?.roles.has(id) === true && isIn(allowed.roles, id)) roles.add(id);
  const everyone = allowed.everyone && channel.guild !== undefined && /@(everyone|here)\b/.test(content);
  return { users: [...users], roles: [...roles], everyone };
}

/** Source: docs.discord.com/developers/resources/message#allowed-mentions-object. */
export function parseAllowedMentions(form: Form, body: Json, otherwise: AllowedMentions): AllowedMentions {
  if (body.allowed_mentions === undefined || body.allowed_mentions === null) return otherwise;
  const given = record(body.allowed_mentions);
  const parse = new Set(form.list('allowed_mentions.parse', given.parse, 3));
  const only = (name: 'users' | 'roles'): ReadonlySet<string> | 'all' => {
    const listed = form.list(`allowed_mentions.${name}`, given[name], 100);
    if (!parse.has(name)) return new Set(listed as string[]);
    if (listed.length > 0)
      form.fail(
        'allowed_mentions',
        'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
        `parse:["${name}"] and ${name}: [ids...] are mutually exclusive.`,
      );
    return 'all';
  };
  return {
    users: only('users'),
    roles: only('roles'),
    everyone: parse.has('everyone'),
    repliedUser: given.replied_user === true,
  };
}

function isIn(allowed: ReadonlySet<string> | 'all', id: string): boolean {
  return allowed === 'all' || allowed.has(id);
}
