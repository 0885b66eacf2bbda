import { type Form, type Json, record } from './form.ts';

/** Source: docs.discord.com/developers/interactions/application-commands. */
const namePattern = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const optionsMax = 25;
const choicesMax = 25;
const charactersMax = 8_000;

const kept = [
  'options',
  'default_member_permissions',
  'nsfw',
  'contexts',
  'integration_types',
  'name_localizations',
  'description_localizations',
] as const;

export interface ParsedCommand {
  readonly name: string;
  readonly type: number;
  readonly description: string;
  readonly rest: Json;
}

/** Fails in `form`, under `at`, for what Discord does not take. */
export function parseCommand(form: Form, at: string, body: Json): ParsedCommand {
  const type = form.integer(`${at}type`, body.type, 1, 3, 1);
  const name = form.text(`${at}name`, body.name, 1, 32);
  if (type === 1) checkName(form, `${at}name`, name);
  const description = form.text(
    `${at}description`,
    body.description,
    type === 1 ? 1 : 0,
    type === 1 ? 100 : 0,
  );
  checkOptions(form, `${at}options`, body.options);
  if (JSON.stringify([name, description, body.options ?? []]).length > charactersMax * 2)
    form.fail(
      `${at}options`,
      'APPLICATION_COMMAND_TOO_LARGE',
      `Command exceeds maximum size (${charactersMax})`,
    );
  const rest = Object.fromEntries(kept.flatMap((key) => (body[key] === undefined ? [] : [[key, body[key]]])));
  return { name, type, description, rest };
}

function checkName(form: Form, at: string, name: string): void {
  if (!namePattern.test(name) || name !== name.toLowerCase())
    form.fail(at, 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
}

function checkOptions(form: Form, at: string, given: unknown): void {
  let optionalSeen = false;
  form.list(at, given, optionsMax).forEach((raw, index) => {
    const option = record(raw);
    const here = `${at}.${index}`;
    const type = form.integer(`${here}.type`, option.type, 1, 11, 0);
    checkName(form, `${here}.name`, form.text(`${here}.name`, option.name, 1, 32));
    form.text(`${here}.description`, option.description, 1, 100);
    form.list(`${here}.choices`, option.choices, choicesMax);
    if (option.required === true && optionalSeen)
      form.fail(
        here,
        'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        'Required options must be placed before non-required options',
      );
    optionalSeen ||= option.required !== true;
    if (type <= 2) checkOptions(form, `${here}.options`, option.options);
  });
}
