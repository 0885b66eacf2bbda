import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isSnowflake } from '../snowflake.ts';

/** Lower case where a letter has one: https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-naming */
const slashName = /^[-_'\p{L}\p{N}]{1,32}$/u;
const choicesMax = 25;

const Option = z
  .looseObject({
    name: z.string().regex(slashName, 'must be 1 to 32 letters, digits, "-" or "_"'),
    /** 1 and 2 are subcommands and groups of them: their own options are passed on as they are. */
    type: z.int().min(1).max(11),
    description: z.string().min(1).max(100),
    suggestions: z
      .array(z.string().min(1).max(100))
      .max(1_000)
      .optional()
      .describe('What is offered while somebody types; for options with autocomplete.'),
  })
  .refine(({ suggestions, autocomplete }) => suggestions === undefined || autocomplete === true, {
    path: ['suggestions'],
    message: 'is for options with "autocomplete": true',
  });

/** One command as Discord defines it, and the servers in which it is there; without them, everywhere. */
export const CatalogueCommand = z
  .looseObject({
    name: z.string().min(1).max(32),
    /** 1 typed, 2 on a user, 3 on a message. */
    type: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(1),
    description: z.string().max(100).default(''),
    options: z.array(Option).max(25).optional(),
    guilds: z.array(z.string().refine(isSnowflake, 'must be the id of a server')).max(100).optional(),
  })
  .superRefine(({ name, type, description, options }, context) => {
    const complain = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (type === 1 && (!slashName.test(name) || name !== name.toLowerCase()))
      complain('name', 'must be 1 to 32 lower-case letters, digits, "-" or "_"');
    if (type === 1 && description === '') complain('description', 'is needed for a command that is typed');
    if (type !== 1 && (description !== '' || options !== undefined))
      complain('description', 'a command on a user or message has neither description nor options');
  });
export type CatalogueCommand = z.infer<typeof CatalogueCommand>;

/** Per scope and type: https://docs.discord.com/developers/interactions/application-commands#registering-a-command */
const countMax: Readonly<Record<1 | 2 | 3, number>> = { 1: 100, 2: 15, 3: 15 };
const typeNames: Readonly<Record<1 | 2 | 3, string>> = { 1: 'typed', 2: 'user', 3: 'message' };

export const Catalogue = z.array(CatalogueCommand).superRefine((commands, context) => {
  for (const [scope, inScope] of scopesOf(commands)) {
    for (const type of [1, 2, 3] as const) {
      const names = inScope.filter((command) => command.type === type).map(({ name }) => name);
      if (names.length > countMax[type])
        context.addIssue({
          code: 'custom',
          message: `${names.length} ${typeNames[type]} commands ${scope}; Discord takes ${countMax[type]}`,
        });
      const repeated = names.find((name, index) => names.indexOf(name) < index);
      if (repeated !== undefined)
        context.addIssue({ code: 'custom', message: `the command "${repeated}" is there twice ${scope}` });
    }
  }
});

export const globalScope = 'global';

/** By scope: `global`, or the id of a server. */
export function scopesOf(
  commands: readonly CatalogueCommand[],
): ReadonlyMap<string, readonly CatalogueCommand[]> {
  const scopes = new Map<string, CatalogueCommand[]>();
  for (const command of commands)
    for (const scope of command.guilds ?? [globalScope])
      scopes.set(scope, [...(scopes.get(scope) ?? []), command]);
  return scopes;
}

/** As Discord takes them, in an order of their own. */
export function toRegistered(
  commands: readonly CatalogueCommand[],
): readonly Readonly<Record<string, unknown>>[] {
  return commands
    .map(({ guilds: _guilds, options, ...command }) => ({
      ...command,
      ...(options ? { options: options.map(({ suggestions: _suggestions, ...option }) => option) } : {}),
    }))
    .toSorted((left, right) => (`${left.type} ${left.name}` < `${right.type} ${right.name}` ? -1 : 1));
}

/** Another catalogue has another hash. */
export function hashOf(commands: readonly CatalogueCommand[]): string {
  return createHash('sha256')
    .update(JSON.stringify(toRegistered(commands)))
    .digest('hex');
}

/** What to offer for what was typed so far; undefined when the catalogue has nothing to offer for that option. */
export function suggestionsFor(
  commands: readonly CatalogueCommand[],
  name: string,
  option: string,
  typed: string,
): readonly string[] | undefined {
  const [command] = name.split(' ');
  const found = commands
    .find((candidate) => candidate.type === 1 && candidate.name === command)
    ?.options?.find((candidate) => candidate.name === option);
  const wanted = typed.toLowerCase();
  return found?.suggestions?.filter((text) => text.toLowerCase().includes(wanted)).slice(0, choicesMax);
}
