import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { tokenScopes } from '../../domain/token.ts';
import type { Run } from '../context.ts';
import { spanOf } from '../options.ts';
import { printable, table, time } from '../output.ts';

const msPerDay = 86_400_000;

export function tokens(run: Run): CommandUnknownOpts {
  return new Command('tokens')
    .description('Tokens of the admin API')
    .addCommand(create(run))
    .addCommand(list(run))
    .addCommand(revoke(run));
}

function create(run: Run): CommandUnknownOpts {
  return new Command('create')
    .description('Create a token; it is shown once')
    .argument('<name>')
    .addOption(new Option('--scope <scope...>', 'what it may do').choices(tokenScopes).makeOptionMandatory())
    .option('--expires-in-days <n>', 'after which it no longer works', spanOf(msPerDay, 'more'))
    .action(
      run(async ({ api, out }, name, { scope, expiresInDays }) => {
        const token = await api('POST /tokens', {
          body: {
            name,
            scopes: scope,
            ...(expiresInDays === undefined ? {} : { expiresInMs: expiresInDays }),
          },
        });
        out.show(token, () => token.token);
        out.note(`Token ${token.id} (${token.scopes.join(', ')}). It is not shown again.`);
      }),
    );
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('All tokens, without their values').action(
    run(async ({ api, out }) => {
      const { tokens } = await api('GET /tokens');
      out.show(tokens, () =>
        table(
          ['token', 'name', 'scopes', 'created', 'expires', 'revoked'],
          tokens.map((token) => [
            token.id,
            token.name,
            token.scopes.join(', '),
            time(token.createdAt),
            token.expiresAt === undefined ? 'never' : time(token.expiresAt),
            token.revokedAt === undefined ? undefined : time(token.revokedAt),
          ]),
        ),
      );
    }),
  );
}

function revoke(run: Run): CommandUnknownOpts {
  return new Command('revoke')
    .description('Revoke a token, at once')
    .argument('<token>')
    .action(
      run(async ({ api, out }, id) => {
        await api('DELETE /tokens/{id}', { params: { id } });
        out.show({ revoked: id }, () => `${printable(id)} no longer works.`);
      }),
    );
}
