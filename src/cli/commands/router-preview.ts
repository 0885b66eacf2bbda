import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { inboundEventTypes } from '../../domain/inbound-event.ts';
import type { Run } from '../context.ts';
import { facts } from '../output.ts';

export function preview(run: Run): CommandUnknownOpts {
  return new Command('preview')
    .description('What would happen to such an event, by the same function as the live path')
    .argument('<source>', 'a connector, or webhook:<id>')
    .addOption(
      new Option('--type <type>', 'default: message.created, or webhook for one').choices(inboundEventTypes),
    )
    .option('--text <text>', 'what it says', 'hello')
    .option('--conversation <id>', 'where', 'preview')
    .option('--thread <id>', 'in which thread')
    .option('--sender <id>', 'who', 'somebody')
    .addOption(
      new Option('--sender-kind <kind>', 'what the sender is')
        .choices(['human', 'bot', 'self'] as const)
        .default('human' as const),
    )
    .option('--unverified', 'the platform does not vouch for the sender')
    .option('--role <id...>', 'roles of the sender')
    .option('--guild <id>', 'in which guild')
    .option('--direct', 'as a direct message')
    .option('--mention', 'mentioning the bot')
    .option('--reply-to-self', 'answering the bot')
    .option('--broadcast', 'asking for an answer to everybody')
    .option('--participates', 'the bot has spoken in the thread before')
    .option('--webhook-event <name>', 'the event of a webhook', 'push')
    .action(
      run(async ({ api, out }, source, options) => {
        const decision = await api('POST /router/preview', {
          body: {
            source,
            type: options.type ?? (source.startsWith('webhook:') ? 'webhook' : 'message.created'),
            text: options.text,
            conversation: options.conversation,
            sender: options.sender,
            senderKind: options.senderKind,
            senderVerified: options.unverified !== true,
            roles: options.role ?? [],
            direct: options.direct === true,
            mentionsSelf: options.mention === true,
            replyToSelf: options.replyToSelf === true,
            broadcast: options.broadcast === true,
            participates: options.participates === true,
            webhookEvent: options.webhookEvent,
            ...(options.thread === undefined ? {} : { thread: options.thread }),
            ...(options.guild === undefined ? {} : { guild: options.guild }),
          },
        });
        out.show(decision, () =>
          facts([
            ['decision', `${decision.action} (${decision.reason})`],
            ['why', decision.meaning],
            ['hint', decision.hint || undefined],
            ['rule', decision.rule],
            ['agent', decision.agent],
            ['session', decision.sessionKey],
            [
              'reply to',
              decision.replyTo ? `${decision.replyTo.connector} ${decision.replyTo.conversation}` : undefined,
            ],
            ['policy', decision.policyHash],
          ]),
        );
      }),
    );
}
