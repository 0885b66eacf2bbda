import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { printable, table } from '../output.ts';
import { setRule } from './router-set.ts';
import { preview } from './router-preview.ts';

export function router(run: Run): CommandUnknownOpts {
  const rules = new Command('rules')
    .description('The rules that decide what reaches an agent')
    .addCommand(list(run))
    .addCommand(setRule(run))
    .addCommand(remove(run));
  return new Command('router')
    .description('What reaches an agent, and why')
    .addCommand(rules)
    .addCommand(preview(run))
    .addCommand(warnings(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('The rules, in the order in which they are asked').action(
    run(async ({ api, out }) => {
      const { rules } = await api('GET /router/rules');
      out.show(rules, () =>
        table(
          ['rule', 'position', 'enabled', 'selects', 'action', 'agent', 'direct', 'mention', 'reply to'],
          rules.map((rule) => [
            rule.id,
            rule.position,
            rule.enabled,
            formatMatch(rule.match),
            rule.action,
            rule.agent,
            rule.directMessages,
            rule.mention.required ? 'required' : 'not needed',
            rule.replyTo ? `${rule.replyTo.connector} ${rule.replyTo.conversation}` : undefined,
          ]),
          'No rules: every event is ignored. Add one: palyra router rules set.',
        ),
      );
    }),
  );
}

function remove(run: Run): CommandUnknownOpts {
  return new Command('remove')
    .description('Remove a rule; live at once')
    .argument('<rule>')
    .action(
      run(async ({ api, out }, id) => {
        await api('DELETE /router/rules/{id}', { params: { id } });
        out.show({ removed: id }, () => `Rule ${printable(id)} is removed.`);
      }),
    );
}

function warnings(run: Run): CommandUnknownOpts {
  return new Command('warnings')
    .description('What in the rules looks like a mistake, or opens a door')
    .action(
      run(async ({ api, out }) => {
        const { warnings: found } = await api('GET /router/warnings');
        out.show(found, () =>
          table(
            ['rule', 'code', 'text'],
            found.map((warning) => [warning.rule, warning.code, warning.text]),
            'No warnings.',
          ),
        );
      }),
    );
}

function formatMatch(match: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(match).map(
    ([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : String(value)}`,
  );
  return parts.join(' ') || 'everything';
}
