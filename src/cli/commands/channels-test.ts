import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { followTrace, requireEnd, type Trace } from '../follow.ts';
import { timeoutOption } from '../options.ts';
import { printable } from '../output.ts';
import { formatTrace } from './trace.ts';

/** Fails unless the message came to a good end: answered and delivered, or done without an answer. */
export function test(run: Run): CommandUnknownOpts {
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
    .addOption(timeoutOption('how long to follow it', 30))
    .action(
      run(async (context, id, options) => {
        const { text, conversation, thread, sender, messageId } = options;
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
        const trace = await followTrace(context, accepted.event, options.timeout);
        context.out.show({ ...accepted, trace }, () =>
          [
            ...(accepted.duplicate ? ['This message was accepted before; nothing new happens.'] : []),
            `you    ${printable(text)}`,
            ...trace.parts.map((part) => `reply  ${printable(describePart(part))}  (${part.state})`),
            '',
            formatTrace(trace),
          ].join('\n'),
        );
        requireEnd('The message', trace, ['delivered', 'done']);
      }),
    );
}

function describePart({ operation }: Trace['parts'][number]): string {
  if (!operation) return '';
  return 'text' in operation ? operation.text : operation.op;
}
