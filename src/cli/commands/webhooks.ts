import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { wholeNumber } from '../options.ts';
import { more, printable, table, time } from '../output.ts';
import { formatIntegration } from './format-integration.ts';
import { add, rotate } from './webhooks-add.ts';
import { sign, test } from './webhooks-test.ts';

export function webhooks(run: Run): CommandUnknownOpts {
  return new Command('webhooks')
    .description('Addresses at which providers deliver events')
    .addCommand(add(run))
    .addCommand(list(run))
    .addCommand(show(run))
    .addCommand(toggle(run, 'enable', 'Switch on; refused unless it is ready', 'POST /webhooks/{id}/enable'))
    .addCommand(toggle(run, 'disable', 'Switch off; deliveries are refused', 'POST /webhooks/{id}/disable'))
    .addCommand(remove(run))
    .addCommand(rotate(run))
    .addCommand(deliveries(run))
    .addCommand(replay(run))
    .addCommand(sign(run))
    .addCommand(test(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('All of them').action(
    run(async ({ api, out }) => {
      const { webhooks: integrations } = await api('GET /webhooks');
      out.show(integrations, () =>
        table(
          ['webhook', 'provider', 'status', 'routed', 'url'],
          integrations.map(({ id, provider, status, routed, url }) => [id, provider, status, routed, url]),
          'No webhooks. Add one: palyra webhooks add <id> <provider> --generate-secret.',
        ),
      );
    }),
  );
}

function show(run: Run): CommandUnknownOpts {
  return new Command('show')
    .description('One of them')
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        const integration = await api('GET /webhooks/{id}', { params: { id } });
        out.show(integration, () => formatIntegration(integration));
      }),
    );
}

function toggle(
  run: Run,
  verb: string,
  description: string,
  operation: 'POST /webhooks/{id}/enable' | 'POST /webhooks/{id}/disable',
): CommandUnknownOpts {
  return new Command(verb)
    .description(description)
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        const integration = await api(operation, { params: { id } });
        out.show(integration, () => `${integration.id} is ${integration.status}.`);
      }),
    );
}

function remove(run: Run): CommandUnknownOpts {
  return new Command('remove')
    .description('Remove it, and the secrets in its own scope')
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        await api('DELETE /webhooks/{id}', { params: { id } });
        out.show({ removed: id }, () => `${printable(id)} is removed.`);
      }),
    );
}

function deliveries(run: Run): CommandUnknownOpts {
  return new Command('deliveries')
    .description('What came in, newest first; refused requests too')
    .argument('<id>')
    .addOption(
      new Option('--verdict <verdict>', 'only with this one').choices([
        'accepted',
        'duplicate',
        'challenge',
        'ignored',
        'rejected',
      ] as const),
    )
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .action(
      run(async ({ api, out }, id, { verdict, limit }) => {
        const page = await api('GET /webhooks/{id}/deliveries', {
          params: { id },
          query: { limit, ...(verdict === undefined ? {} : { verdict }) },
        });
        out.show(page, () =>
          table(
            ['delivery', 'at', 'verdict', 'reason', 'event', 'bytes', 'from', 'became'],
            page.items.map((item) => [
              item.id,
              time(item.at),
              item.verdict,
              item.reason,
              item.providerEvent,
              item.bodyBytes,
              item.remoteAddress,
              item.event,
            ]),
            'Nothing came in yet.',
          ),
        );
        if (page.next !== undefined) out.note(more);
      }),
    );
}

function replay(run: Run): CommandUnknownOpts {
  return new Command('replay')
    .description('Run a delivery again as a new event; a refused one is verified again first')
    .argument('<delivery>')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('POST /deliveries/{id}/replay', { params: { id } });
        out.show(answer, () => `It runs as ${answer.event}. Follow it: palyra trace ${answer.event}`);
      }),
    );
}
