// Writes the parts of docs/ that come from the code. `npm run docs` after a change; a test says when to.
import { writeFileSync } from 'node:fs';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { z } from 'zod';
import { createProgram } from '../src/cli/program.ts';
import { Config } from '../src/config.ts';
import { errorTable } from '../src/domain/errors.ts';
import { reasonTable } from '../src/domain/reasons.ts';

const note = '<!-- Made by `npm run docs` from the code. Change it there. -->';

/** File name to text. */
export function generatedDocs(): Readonly<Record<string, string>> {
  return {
    'reason-codes.md': reasonCodes(),
    'errors.md': errors(),
    'settings.md': settings(),
    'cli.md': commandLine(),
  };
}

function reasonCodes(): string {
  const rows = Object.entries(reasonTable).map(([code, { meaning, hint }]) => [`\`${code}\``, meaning, hint]);
  return page(
    'Reason codes',
    'The one word for why, wherever something was decided, waits, failed or ended. `palyra why <id>` says it in a sentence.',
    table(['code', 'meaning', 'what to do'], rows),
  );
}

function errors(): string {
  const rows = Object.entries(errorTable).map(([code, { status, exit, meaning }]) => [
    `\`${code}\``,
    status,
    exit,
    meaning,
  ]);
  return page(
    'Errors',
    'The `code` of a problem answer of the API, its HTTP status, and the exit code of the command line. `0` means that it worked.',
    table(['code', 'HTTP', 'exit', 'meaning'], rows),
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
  readonly default?: unknown;
}

function settings(): string {
  const schema = z.toJSONSchema(Config, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const rows = leaves(schema, '').map(([key, leaf]) => [
    `\`${key}\``,
    `\`${leaf.default === undefined ? '–' : JSON.stringify(leaf.default)}\``,
    leaf.description ?? '',
  ]);
  return page(
    'Settings',
    '`config.json` in the state directory. Every key may be left out. Unknown keys are refused. Times are in milliseconds.',
    table(['key', 'default', 'meaning'], rows),
  );
}

function leaves(schema: JsonSchema, path: string): (readonly [string, JsonSchema])[] {
  if (!schema.properties || schema.description !== undefined) return [[path, schema]];
  return Object.entries(schema.properties).flatMap(([key, child]) =>
    leaves(child, path === '' ? key : `${path}.${key}`),
  );
}

function commandLine(): string {
  const program = createProgram({
    run: () => async () => undefined,
    startDaemon: async () => undefined,
    version: '',
  });
  const commands = withPaths(program, '').filter(([, command]) => command.commands.length === 0);
  const sections = commands.map(([path, command]) => {
    const usage = [
      path,
      ...command.registeredArguments.map((argument) =>
        argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      ),
    ].join(' ');
    const options = command.options
      .filter(({ long }) => long !== '--json' && long !== '--state-dir')
      .map(({ flags, description }) => [`\`${flags}\``, description]);
    return [
      `### \`palyra ${usage}\``,
      command.description(),
      ...(options.length > 0 ? [table(['option', ''], options)] : []),
    ].join('\n\n');
  });
  return page(
    'Command line',
    'Every command takes `--json` and `--state-dir <path>`. Secrets are never arguments. Exit codes: [errors](errors.md).',
    sections.join('\n\n'),
  );
}

function withPaths(command: CommandUnknownOpts, path: string): (readonly [string, CommandUnknownOpts])[] {
  return command.commands.flatMap((child) => {
    const own = path === '' ? child.name() : `${path} ${child.name()}`;
    return [[own, child] as const, ...withPaths(child, own)];
  });
}

function page(title: string, lead: string, body: string): string {
  return `# ${title}\n\n${note}\n\n${lead}\n\n${body}\n`;
}

function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generatedDocs()))
    writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
}
