import type {
  ApiApplication,
  ApiChannel,
  ApiError,
  ApiGatewayBot,
  ApiGuild,
  ApiMember,
  ApiOverwrite,
  ApiReady,
  ApiRole,
  ApiUser,
} from './api-types.ts';
import { countOf, fieldsOf, flagOf, idOf, listOf, numberOf, present, textOf } from './untrusted.ts';

/** More than a guild can have of each: https://docs.discord.com/developers/resources/guild, with room to grow. */
const rolesMax = 1_000;
const channelsMax = 2_000;
const threadsMax = 5_000;
const overwritesMax = 1_000;
const recipientsMax = 20;
const guildsMax = 10_000;

const errorFieldsMax = 20;
const errorDepthMax = 8;

export function readUser(value: unknown): ApiUser | undefined {
  const user = fieldsOf(value);
  const id = idOf(user?.id);
  if (!user || id === undefined) return undefined;
  return present<ApiUser>({
    id,
    username: textOf(user.username),
    global_name: textOf(user.global_name),
    bot: flagOf(user.bot),
    system: flagOf(user.system),
  });
}

export function readMember(value: unknown): ApiMember | undefined {
  const member = fieldsOf(value);
  if (!member) return undefined;
  return present<ApiMember>({
    user: readUser(member.user),
    nick: textOf(member.nick),
    roles: listOf(member.roles, idOf, rolesMax),
    communication_disabled_until: textOf(member.communication_disabled_until),
  });
}

export function readRole(value: unknown): ApiRole | undefined {
  const role = fieldsOf(value);
  const id = idOf(role?.id);
  if (!role || id === undefined) return undefined;
  return present<ApiRole>({
    id,
    name: textOf(role.name),
    permissions: bitsOf(role.permissions),
    managed: flagOf(role.managed),
    tags: present<NonNullable<ApiRole['tags']>>({ bot_id: idOf(fieldsOf(role.tags)?.bot_id) }),
  });
}

function readOverwrite(value: unknown): ApiOverwrite | undefined {
  const overwrite = fieldsOf(value);
  const id = idOf(overwrite?.id);
  const type = overwrite?.type;
  if (!overwrite || id === undefined || (type !== 0 && type !== 1)) return undefined;
  return { id, type, allow: bitsOf(overwrite.allow), deny: bitsOf(overwrite.deny) };
}

/** A bit set, as the decimal text it is sent as; no bit where it is anything else. */
function bitsOf(value: unknown): string {
  return typeof value === 'string' && /^\d{1,40}$/.test(value) ? value : '0';
}

export function readChannel(value: unknown): ApiChannel | undefined {
  const channel = fieldsOf(value);
  const id = idOf(channel?.id);
  const type = countOf(channel?.type);
  if (!channel || id === undefined || type === undefined) return undefined;
  const thread = fieldsOf(channel.thread_metadata);
  const overwrites = channel.permission_overwrites;
  const recipients = channel.recipients;
  return present<ApiChannel>({
    id,
    type,
    guild_id: idOf(channel.guild_id),
    name: textOf(channel.name),
    parent_id: idOf(channel.parent_id),
    owner_id: idOf(channel.owner_id),
    last_message_id: idOf(channel.last_message_id),
    permission_overwrites: Array.isArray(overwrites)
      ? listOf(overwrites, readOverwrite, overwritesMax)
      : undefined,
    recipients: Array.isArray(recipients) ? listOf(recipients, readUser, recipientsMax) : undefined,
    thread_metadata: thread
      ? present<NonNullable<ApiChannel['thread_metadata']>>({
          archived: flagOf(thread.archived),
          locked: flagOf(thread.locked),
        })
      : undefined,
  });
}

/** Without its members, of whom there may be any number. */
export function readGuild(value: unknown): ApiGuild | undefined {
  const guild = fieldsOf(value);
  const id = idOf(guild?.id);
  if (!guild || id === undefined) return undefined;
  return present<ApiGuild>({
    id,
    name: textOf(guild.name),
    owner_id: idOf(guild.owner_id),
    unavailable: flagOf(guild.unavailable),
    roles: listOf(guild.roles, readRole, rolesMax),
    channels: listOf(guild.channels, readChannel, channelsMax),
    threads: listOf(guild.threads, readChannel, threadsMax),
  });
}

export function readApplication(value: unknown): ApiApplication | undefined {
  const application = fieldsOf(value);
  const id = idOf(application?.id);
  if (!application || id === undefined) return undefined;
  return present<ApiApplication>({
    id,
    name: textOf(application.name),
    flags: countOf(application.flags),
  });
}

export function readGatewayBot(value: unknown): ApiGatewayBot | undefined {
  const gateway = fieldsOf(value);
  const url = textOf(gateway?.url);
  if (!gateway || url === undefined) return undefined;
  const limit = fieldsOf(gateway.session_start_limit);
  return {
    url,
    shards: Math.max(countOf(gateway.shards) ?? 1, 1),
    // A server that names no limit has none: those of Discord are as good as any.
    session_start_limit: {
      total: countOf(limit?.total) ?? 1_000,
      remaining: countOf(limit?.remaining) ?? 1_000,
      reset_after: countOf(limit?.reset_after) ?? 0,
      max_concurrency: Math.max(countOf(limit?.max_concurrency) ?? 1, 1),
    },
  };
}

export function readReady(value: unknown): ApiReady | undefined {
  const ready = fieldsOf(value);
  const user = readUser(ready?.user);
  const sessionId = textOf(ready?.session_id);
  const resumeUrl = textOf(ready?.resume_gateway_url);
  if (!ready || !user || sessionId === undefined || resumeUrl === undefined) return undefined;
  return present<ApiReady>({
    user,
    application: readApplication(ready.application),
    session_id: sessionId,
    resume_gateway_url: resumeUrl,
    guilds: listOf(ready.guilds, (guild) => idOf(fieldsOf(guild)?.id), guildsMax),
  });
}

/** Of a body that is no error as Discord writes them, the code is 0. */
export function readError(value: unknown): ApiError {
  const error = fieldsOf(value);
  return present<ApiError>({
    code: countOf(error?.code) ?? 0,
    message: textOf(error?.message),
    fields: fieldPaths(error?.errors, [], errorDepthMax).slice(0, errorFieldsMax),
    retry_after: numberOf(error?.retry_after),
    global: flagOf(error?.global),
  });
}

/** Down a tree whose leaves are `_errors`: https://docs.discord.com/developers/reference#error-messages */
function fieldPaths(value: unknown, path: readonly string[], depthMax: number): string[] {
  const tree = fieldsOf(value);
  if (!tree || depthMax === 0) return [];
  const here = Array.isArray(tree._errors) && path.length > 0 ? [path.join('.')] : [];
  const below = Object.entries(tree)
    .filter(([name]) => /^\w{1,40}$/.test(name) && name !== '_errors')
    .slice(0, errorFieldsMax)
    .flatMap(([name, child]) => fieldPaths(child, [...path, name], depthMax - 1));
  return [...here, ...below];
}
