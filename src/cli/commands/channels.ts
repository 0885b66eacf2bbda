import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../client.ts';
import type { Run } from '../context.ts';
import { followTrace } from '../follow.ts';
import { facts, printable, table, time } from '../output.ts';
import { namesSecret, readSecret } from '../secret-input.ts';
import { formatEntry } from './logs.ts';
import { formatTrace } from './trace.ts';

type Channel = Answer<'GET /channels/{id}'>;

export function channels(run: Run): CommandUnknownOpts {
  return new Command('channels')
    .description('Connectors: accounts on chat platforms')
    .addCommand(list(run))
    .addCommand(status(run))
    .addCommand(add(run))
    .addCommand(simple(run, 'enable', 'Switch a connector on', 'POST /channels/{id}/enable'))
    .addCommand(
      simple(run, 'disable', 'Switch a connector off; its queue waits', 'POST /channels/{id}/disable'),
    )
    .addCommand(remove(run))
    .addCommand(capabilities(run))
    .addCommand(pause(run))
    .addCommand(resume(run))
    .addCommand(drain(run))
    .addCommand(logs(run))
    .addCommand(test(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('All connectors, with state and queue').action(
    run(async ({ api, out }) => {
      const { channels } = await api('GET /channels');
      out.show(channels, () =>
        table(
          ['connector', 'state', 'pending', 'held', 'dead', 'queue'],
          channels.map((channel) => [
            channel.id,
            channel.status.state,
            channel.queue.pending,
            channel.queue.held,
            channel.queue.dead + channel.queue.inboxDead,
            queueWord(channel),
          ]),
          'No connectors. Add one: palyra channels add --provider echo.',
        ),
      );
    }),
  );
}

function status(run: Run): CommandUnknownOpts {
  return new Command('status')
    .description('One connector')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const channel = await api('GET /channels/{id}', { params: { id } });
        out.show(channel, () => formatChannel(channel));
      }),
    );
}

function add(run: Run): CommandUnknownOpts {
  return new Command('add')
    .description('Add a connector, or change its settings')
    .requiredOption('--provider <kind>', 'the platform, e.g. echo')
    .option('--account <name>', 'which account on it', 'default')
    .option('--config <json>', 'settings of the platform, as a JSON object')
    .option('--secret-ref <ref>', 'the vault reference of its credential')
    .option('--secret-stdin', 'read the credential from standard input, and store it')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--disabled', 'add it switched off')
    .action(
      run(async ({ api, out, world }, options) => {
        const id = `${options.provider}:${options.account}`;
        const config = options.config === undefined ? {} : parseJsonObject(options.config);
        const secretRef = options.secretRef ?? (namesSecret(options) ? `channel:${id}/token` : undefined);
        if (namesSecret(options) && secretRef !== undefined) {
          const [scope = '', key = ''] = secretRef.split('/');
          const value = await readSecret(options, world, 'credential');
          await api('PUT /secrets/{scope}/{key}', { params: { scope, key }, body: { value } });
        }
        const body = {
          config,
          enabled: options.disabled !== true,
          ...(secretRef === undefined ? {} : { secretRef }),
        };
        const channel = await api('PUT /channels/{id}', { params: { id }, body });
        out.show(channel, () => formatChannel(channel));
      }),
    );
}

function simple(
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

function pause(run: Run): CommandUnknownOpts {
  return new Command('pause')
    .description('Stop sending; messages wait')
    .argument('<connector>')
    .option('--reason <text>', 'shown wherever the queue is')
    .action(
      run(async ({ api, out }, id, { reason }) => {
        const queue = await api('POST /channels/{id}/queue/pause', {
          params: { id },
          body: reason === undefined ? {} : { reason },
        });
        out.show(queue, () => `${printable(id)} is paused; ${queue.pending} pending.`);
      }),
    );
}

function resume(run: Run): CommandUnknownOpts {
  return new Command('resume')
    .description('Go on sending: ends a pause and a hold')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const queue = await api('POST /channels/{id}/queue/resume', { params: { id } });
        out.show(queue, () => `${printable(id)} goes on; ${queue.pending} pending.`);
      }),
    );
}

function drain(run: Run): CommandUnknownOpts {
  return new Command('drain')
    .description('Try everything pending now, also while paused')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('POST /channels/{id}/queue/drain', { params: { id } });
        out.show(
          answer,
          () => `${answer.parts} parts are on their way. Watch: palyra channels status ${printable(id)}`,
        );
      }),
    );
}

function logs(run: Run): CommandUnknownOpts {
  return new Command('logs')
    .description('What happened on a connector, oldest first')
    .argument('<connector>')
    .option('--limit <n>', 'how many', '50')
    .action(
      run(async ({ api, out }, id, { limit }) => {
        const { items } = await api('GET /channels/{id}/logs', {
          params: { id },
          query: { limit: Number(limit) },
        });
        const entries = items.toReversed();
        out.show(entries, () => entries.map(formatEntry).join('\n') || 'Nothing yet.');
      }),
    );
}

/** Fails unless the message came to a good end: answered and delivered, or done without an answer. */
function test(run: Run): CommandUnknownOpts {
  return new Command('test')
    .description('Take a message as if the platform had delivered it, and follow it to its end')
    .argument('<connector>')
    .option('--text <text>', 'what it says', 'hello')
    .option('--conversation <id>', 'where', 'test')
    .option('--thread <id>', 'in which thread')
    .option('--sender <name>', 'who says it', 'tester')
    .option('--message-id <id>', 'the same id again is a duplicate')
    .option('--channel', 'in a channel instead of a direct message')
    .option('--mention', 'mentioning the bot')
    .option('--timeout <seconds>', 'how long to follow it', '30')
    .action(
      run(async (context, id, options) => {
        const { text, conversation, thread, sender, messageId, timeout } = options;
        const accepted = await context.api('POST /channels/{id}/test', {
          params: { id },
          body: {
            text,
            conversation,
            sender,
            direct: options.channel !== true,
            mentionsSelf: options.mention === true,
            ...(thread === undefined ? {} : { thread }),
            ...(messageId === undefined ? {} : { messageId }),
          },
        });
        const trace = await followTrace(context, accepted.event, Number(timeout) * 1_000);
        context.out.show({ ...accepted, trace }, () =>
          [
            ...(accepted.duplicate ? ['This message was accepted before; nothing new happens.'] : []),
            `you    ${printable(text)}`,
            ...trace.parts.map((part) => `reply  ${printable(describePart(part))}  (${part.state})`),
            '',
            formatTrace(trace),
          ].join('\n'),
        );
        if (trace.state !== 'delivered' && trace.state !== 'done') {
          throw new AppError(
            'unavailable',
            `The message ended as ${trace.state} (${trace.reason}). See: palyra why ${trace.id}`,
          );
        }
      }),
    );
}

function describePart({ operation }: Answer<'GET /traces/{id}'>['parts'][number]): string {
  if (!operation) return '';
  return 'text' in operation ? operation.text : operation.op;
}

function formatChannel(channel: Channel): string {
  const { status, queue } = channel;
  const detail = 'detail' in status ? `: ${status.code}, ${status.detail}` : '';
  const retry = 'retryAt' in status ? `, next try ${time(status.retryAt)}` : '';
  return facts([
    ['connector', channel.id],
    ['state', `${status.state} since ${time(status.since)}${detail}${retry}`],
    ['restarts', channel.restarts],
    ['credential', channel.secretRef],
    ['outbox', `${queue.pending} pending, ${queue.held} held, ${queue.dead} dead`],
    ['inbox', `${queue.inboxPending} pending, ${queue.inboxDead} dead`],
    ['queue', queueWord(channel)],
  ]);
}

function queueWord({ queue }: Channel): string {
  if (queue.draining) return 'draining';
  if (queue.paused) return `paused: ${queue.pauseReason ?? ''}`;
  return queue.holdReason === undefined ? 'moving' : `on hold: ${queue.holdReason}`;
}

/** @throws AppError `invalid_request`. */
export function parseJsonObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the one message for everything that is no JSON object.
  }
  throw new AppError('invalid_request', 'That is not a JSON object.');
}
