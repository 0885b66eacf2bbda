import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { onboardingForms } from '../../connectors/forms.ts';
import type { Run } from '../context.ts';
import { wholeNumber } from '../options.ts';
import { printable, table } from '../output.ts';
import { add } from './channels-add.ts';
import { drain, pause, resume } from './channels-queue.ts';
import { test } from './channels-test.ts';
import { deadLetters } from './dead-letters.ts';
import { gaps } from './gaps.ts';
import { pairing } from './pairing.ts';
import { formatChannel, queueWord, stateWord } from './format-channel.ts';
import { formatEntry } from './logs.ts';
import { setupCommands } from './setup.ts';

export function channels(run: Run): CommandUnknownOpts {
  const noun = new Command('channels')
    .description('Connectors: accounts on chat platforms')
    .addCommand(list(run))
    .addCommand(status(run))
    .addCommand(add(run))
    .addCommand(toggle(run, 'enable', 'Switch a connector on', 'POST /channels/{id}/enable'))
    .addCommand(
      toggle(run, 'disable', 'Switch a connector off; its queue waits', 'POST /channels/{id}/disable'),
    )
    .addCommand(remove(run))
    .addCommand(capabilities(run))
    .addCommand(pause(run))
    .addCommand(resume(run))
    .addCommand(drain(run))
    .addCommand(logs(run))
    .addCommand(test(run))
    .addCommand(deadLetters(run))
    .addCommand(gaps(run))
    .addCommand(pairing(run));
  for (const form of onboardingForms) noun.addCommand(setupCommands(run, form));
  return noun;
}

const none = 'No connectors. Add one: palyra channels add --provider echo.';

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('All connectors, with state and queue').action(
    run(async ({ api, out }) => {
      const { channels } = await api('GET /channels');
      out.show(channels, () =>
        table(
          ['connector', 'state', 'pending', 'held', 'dead', 'queue'],
          channels.map((channel) => [
            channel.id,
            stateWord(channel.status.state, channel.reception?.ok),
            channel.queue.pending,
            channel.queue.held,
            channel.queue.dead + channel.queue.inboxDead,
            queueWord(channel),
          ]),
          none,
        ),
      );
    }),
  );
}

function status(run: Run): CommandUnknownOpts {
  return new Command('status')
    .description('One connector in full, or all of them')
    .argument('[connector]')
    .action(
      run(async ({ api, out }, id) => {
        if (id === undefined) {
          const { channels } = await api('GET /channels');
          out.show(channels, () => channels.map(formatChannel).join('\n\n') || none);
          return;
        }
        const channel = await api('GET /channels/{id}', { params: { id } });
        out.show(channel, () => formatChannel(channel));
      }),
    );
}

function toggle(
  run: Run,
  verb: string,
  description: string,
  operation: 'POST /channels/{id}/enable' | 'POST /channels/{id}/disable',
): CommandUnknownOpts {
  return new Command(verb)
    .description(description)
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const channel = await api(operation, { params: { id } });
        out.show(
          channel,
          () => `${channel.id} is ${channel.enabled ? 'on' : 'off'} (${channel.status.state}).`,
        );
      }),
    );
}

function remove(run: Run): CommandUnknownOpts {
  return new Command('remove')
    .description('Remove a connector; what is pending ends as connector_removed')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        await api('DELETE /channels/{id}', { params: { id } });
        out.show({ removed: id }, () => `${printable(id)} is removed.`);
      }),
    );
}

function capabilities(run: Run): CommandUnknownOpts {
  return new Command('capabilities')
    .description('What a connector can do, and what each operation needs')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('GET /channels/{id}/capabilities', { params: { id } });
        out.show(answer, () =>
          [
            `${answer.title}: texts up to ${answer.textMax}, takes ${answer.inbound.join(', ')}`,
            table(
              ['operation', 'supported', 'approval', 'risk', 'permissions'],
              answer.operations.map((item) => [
                item.operation,
                item.supported || `no: ${item.reason ?? ''}`,
                item.approval,
                item.risk,
                item.permissions.join(', '),
              ]),
            ),
          ].join('\n'),
        );
      }),
    );
}

function logs(run: Run): CommandUnknownOpts {
  return new Command('logs')
    .description('What happened on a connector, oldest first')
    .argument('<connector>')
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .action(
      run(async ({ api, out }, id, { limit }) => {
        const { items } = await api('GET /channels/{id}/logs', { params: { id }, query: { limit } });
        const entries = items.toReversed();
        out.show(entries, () => entries.map(formatEntry).join('\n') || 'Nothing yet.');
      }),
    );
}
