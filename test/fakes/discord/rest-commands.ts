import { ApiError, refuse } from './api-error.ts';
import { parseCommand } from './command-form.ts';
import type { Bot, Command } from './entities.ts';
import { Form, type Json, record } from './form.ts';
import { type BotCall, botRoute, created, done, ok, type Reply, type Route } from './rest-call.ts';
import { dayMs } from './settle-world.ts';
import type { World } from './world.ts';

/** Source of the figures: docs.discord.com/developers/interactions/application-commands#limits-and-permissions. */
const commandsMax: Readonly<Record<number, number>> = { 1: 100, 2: 15, 3: 15 };
const createsPerDay = 200;

export function commandRoutes(world: World): readonly Route[] {
  return [
    '/applications/{application}/commands',
    '/applications/{application}/guilds/{guild}/commands',
  ].flatMap((all) => [
    botRoute('GET', all, 'commands', (call) => {
      const { bot, registered } = scopeOf(world, call);
      return ok([...registered.values()].map((command) => commandWire(bot, command)));
    }),
    botRoute('POST', all, 'commands', (call) => upsert(world, call)),
    botRoute('PUT', all, 'commands', (call) => replaceAll(world, call)),
    botRoute('GET', `${all}/{command}`, 'commands', (call) =>
      ok(commandWire(call.bot, commandOf(world, call))),
    ),
    botRoute('PATCH', `${all}/{command}`, 'commands', (call) => {
      const command = commandOf(world, call);
      const form = new Form();
      const { name, description, rest } = parseCommand(form, '', { ...wireInput(command), ...call.body });
      form.check();
      Object.assign(command, { name, description, rest, version: world.nextId() });
      return ok(commandWire(call.bot, command));
    }),
    botRoute('DELETE', `${all}/{command}`, 'commands', (call) => {
      scopeOf(world, call).registered.delete(commandOf(world, call).id);
      return done;
    }),
  ]);
}

interface Scope {
  readonly bot: Bot;
  readonly guildId: string;
  readonly registered: Map<string, Command>;
}

/** @throws ApiError 20012 for another application, 50001 for a guild that the bot is not in. */
function scopeOf(world: World, { bot, params }: BotCall): Scope {
  if (params.application !== bot.applicationId) refuse('wrongApplication');
  const guildId = params.guild ?? '';
  if (guildId !== '' && !world.guilds.get(guildId)?.members.has(bot.user.id)) refuse('missingAccess');
  const registered = bot.commands.get(guildId) ?? new Map<string, Command>();
  bot.commands.set(guildId, registered);
  return { bot, guildId, registered };
}

function commandOf(world: World, call: BotCall): Command {
  return scopeOf(world, call).registered.get(call.params.command ?? '') ?? refuse('unknownCommand');
}

/** The same name and type again changes the command that there is. */
function upsert(world: World, call: BotCall): Reply {
  const scope = scopeOf(world, call);
  const form = new Form();
  const input = parseCommand(form, '', call.body);
  form.check();
  const { command, isNew } = put(world, scope, input);
  requireRoom(scope.registered, () => isNew && scope.registered.delete(command.id));
  if (isNew) countCreates(world, scope, 1);
  return (isNew ? created : ok)(commandWire(scope.bot, command));
}

function replaceAll(world: World, call: BotCall): Reply {
  const scope = scopeOf(world, call);
  const form = new Form();
  const inputs = (call.list ?? []).map((one, index) => parseCommand(form, `${index}.`, record(one)));
  const names = inputs.map(({ name, type }) => `${type} ${name}`);
  if (new Set(names).size !== names.length)
    form.fail('_errors', 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
  form.check();
  const before = new Map(scope.registered);
  const isKnown = (input: Parsed): boolean => [...before.values()].some((known) => isSame(known, input));
  countCreates(world, scope, inputs.filter((input) => !isKnown(input)).length);
  scope.registered.clear();
  const kept = { ...scope, registered: before };
  for (const input of inputs) {
    const { command } = put(world, kept, input);
    scope.registered.set(command.id, command);
  }
  requireRoom(scope.registered, () => {
    scope.registered.clear();
    for (const [id, command] of before) scope.registered.set(id, command);
  });
  return ok([...scope.registered.values()].map((command) => commandWire(scope.bot, command)));
}

type Parsed = ReturnType<typeof parseCommand>;

function isSame(known: Command, input: Parsed): boolean {
  return known.name === input.name && known.type === input.type;
}

function put(world: World, scope: Scope, input: Parsed): { command: Command; isNew: boolean } {
  const known = [...scope.registered.values()].find((command) => isSame(command, input));
  const command: Command = known ?? {
    id: world.nextId(),
    ...(scope.guildId === '' ? {} : { guildId: scope.guildId }),
    version: '',
    ...input,
  };
  Object.assign(command, input, { version: world.nextId() });
  scope.registered.set(command.id, command);
  return { command, isNew: known === undefined };
}

function requireRoom(registered: ReadonlyMap<string, Command>, undo: () => void): void {
  for (const [type, max] of Object.entries(commandsMax)) {
    if ([...registered.values()].filter((command) => command.type === Number(type)).length <= max) continue;
    undo();
    refuse('tooManyCommands');
  }
}

/** @throws ApiError 30034, as a 429 with the time that is left of the day. */
function countCreates(world: World, { bot, guildId }: Scope, creates: number): void {
  const now = world.now();
  const known = bot.commandCreates.get(guildId);
  const day = known && known.resetAt > now ? known : { count: 0, resetAt: now + dayMs };
  if (creates > 0 && day.count + creates > createsPerDay)
    throw new ApiError(429, 30034, 'Max number of daily application command creates has been reached (200)', {
      retry_after: (day.resetAt - now) / 1_000,
      global: false,
    });
  day.count += creates;
  bot.commandCreates.set(guildId, day);
}

function wireInput({ name, type, description, rest }: Command): Json {
  return { ...rest, name, type, description };
}

export function commandWire(bot: Bot, command: Command): Json {
  return {
    id: command.id,
    application_id: bot.applicationId,
    version: command.version,
    ...(command.guildId === undefined ? {} : { guild_id: command.guildId }),
    default_member_permissions: null,
    nsfw: false,
    name_localizations: null,
    description_localizations: null,
    ...wireInput(command),
  };
}
