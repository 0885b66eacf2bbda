import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { CommandContext, Run } from '../context.ts';
import { followTrace, requireEnd } from '../follow.ts';
import { timeoutOption } from '../options.ts';
import { plural } from '../output.ts';
import { messageOperations } from './message-operations.ts';
import { formatTrace } from './trace.ts';

export function message(run: Run): CommandUnknownOpts {
  const message = new Command('message')
    .description('Messages: sent, read and changed')
    .addCommand(send(run));
  for (const operation of messageOperations(run)) message.addCommand(operation);
  return message;
}

/** With --wait, fails unless the message was delivered. */
function send(run: Run): CommandUnknownOpts {
  return new Command('send')
    .description('Send a message; it is on disk when this returns')
    .argument('[connector]', 'not with --turn')
    .argument('[conversation]', 'not with --turn')
    .option('--text <text>', 'what it says; without it, standard input is read')
    .option('--thread <id>', 'in which thread')
    .option('--reply-to <message>', 'the message that it answers')
    .option('--turn <id>', 'to where this turn or event came from')
    .option('--reply', 'with --turn, as a reply to the message that it is about')
    .option('--idempotency-key <key>', 'makes a repeat of this command harmless')
    .option('--wait', 'wait until it is delivered or given up')
    .addOption(timeoutOption('how long to wait', 60))
    .action(
      run(async (context, connector, conversation, options) => {
        const place = placeOf(connector, conversation, options);
        const text = options.text ?? (await readMessage(context));
        if (text === '')
          throw new AppError('invalid_request', 'The message is empty. Give --text, or standard input.');
        const sent = await context.api('POST /messages', {
          ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
          body: { ...place, operation: { op: 'send', text } },
        });
        if (options.wait !== true) {
          const known = sent.added ? '' : ' It had been sent before under this key.';
          context.out.show(
            sent,
            () =>
              `${sent.message} is stored (${plural(sent.parts.length, 'part')}).${known} Follow it: palyra trace ${sent.message}`,
          );
          return;
        }
        const trace = await followTrace(context, sent.message, options.timeout);
        context.out.show({ ...sent, parts: trace.parts, trace }, () => formatTrace(trace));
        requireEnd('The message', trace, ['delivered']);
      }),
    );
}

interface PlaceOptions {
  readonly thread?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly turn?: string | undefined;
  readonly reply?: true | undefined;
}

/** @throws AppError `invalid_request` unless one place is named, in one way. */
function placeOf(
  connector: string | undefined,
  conversation: string | undefined,
  { thread, replyTo, turn, reply }: PlaceOptions,
) {
  const named = [connector, conversation, thread, replyTo];
  if (turn !== undefined && named.every((name) => name === undefined))
    return { turn, ...(reply === undefined ? {} : { reply }) };
  if (turn !== undefined || reply !== undefined || connector === undefined || conversation === undefined)
    throw new AppError('invalid_request', 'Give <connector> and <conversation>, or --turn <id> alone.');
  return {
    connector,
    conversation,
    ...(thread === undefined ? {} : { thread }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

async function readMessage({ world, out }: CommandContext): Promise<string> {
  if (world.isInteractive) out.note('Write the message, and end it with Ctrl-D on a line of its own.');
  return (await world.readStdin()).toString('utf8').replace(/\r?\n$/, '');
}
