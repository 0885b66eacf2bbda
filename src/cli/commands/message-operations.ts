import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../client.ts';
import type { CommandContext, Run } from '../context.ts';
import { followTrace, requireEnd } from '../follow.ts';
import { timeoutOption, wholeNumber, yesNo } from '../options.ts';
import { facts, more, table, time } from '../output.ts';
import { formatTrace } from './trace.ts';

type Page = Answer<'POST /channels/{id}/messages/read'>;
type Mutation = Answer<'POST /channels/{id}/messages/edit'>;

/** Reading and changing what is on a platform already. */
export function messageOperations(run: Run): readonly CommandUnknownOpts[] {
  return [read(run), search(run), edit(run), remove(run), react(run)];
}

function read(run: Run): CommandUnknownOpts {
  return new Command('read')
    .description('Messages as they are on the platform now, newest first')
    .argument('<connector>')
    .argument('<conversation>', 'an id, a mention or a link')
    .option('--thread <id>', 'in which thread')
    .option('--message <id>', 'exactly this one')
    .option('--before <message>', 'those before it')
    .option('--after <message>', 'those after it')
    .option('--around <message>', 'those around it')
    .option('--limit <n>', 'how many, up to 100', wholeNumber(), 25)
    .action(
      run(async ({ api, out }, id, conversation, options) => {
        const page = await api('POST /channels/{id}/messages/read', {
          params: { id },
          body: { conversation, ...options },
        });
        showPage(out, page, 'No messages.');
      }),
    );
}

function search(run: Run): CommandUnknownOpts {
  return new Command('search')
    .description('Search a page of messages by text, author or attachments')
    .argument('<connector>')
    .argument('<conversation>', 'an id, a mention or a link')
    .option('--thread <id>', 'in which thread')
    .option('--query <text>', 'found anywhere in the text')
    .option('--author <user>', 'written by: an id or a mention')
    .addOption(yesNo('--has-attachments <yes|no>', 'with files, or without'))
    .option('--before <message>', 'go on before it')
    .option('--limit <n>', 'how many to look at, up to 100', wholeNumber(), 100)
    .action(
      run(async ({ api, out }, id, conversation, { hasAttachments, ...options }) => {
        const page = await api('POST /channels/{id}/messages/search', {
          params: { id },
          body: {
            conversation,
            ...options,
            ...(hasAttachments === undefined ? {} : { hasAttachments: hasAttachments === 'yes' }),
          },
        });
        showPage(out, page, 'Nothing found on this page.');
      }),
    );
}

function mutation(verb: string, description: string) {
  return new Command(verb)
    .description(description)
    .argument('<connector>')
    .argument('<conversation>', 'an id, a mention or a link')
    .argument('<message>', 'its id or link')
    .option('--thread <id>', 'in which thread')
    .option('--reason <text>', 'shown to whoever decides')
    .option('--approval <id>', 'of the same change, approved')
    .option('--preview', 'say what would happen, and do nothing')
    .addOption(timeoutOption('how long to wait for it', 30));
}

function edit(run: Run): CommandUnknownOpts {
  return mutation('edit', 'Change the text of a message of the bot')
    .requiredOption('--text <text>', 'what it shall say')
    .action(
      run(async (context, id, conversation, message, { timeout, ...options }) => {
        const answer = await context.api('POST /channels/{id}/messages/edit', {
          params: { id },
          body: { conversation, message, ...options },
        });
        await showMutation(context, answer, timeout, options.text);
      }),
    );
}

function remove(run: Run): CommandUnknownOpts {
  return mutation('delete', 'Delete a message').action(
    run(async (context, id, conversation, message, { timeout, ...options }) => {
      const answer = await context.api('POST /channels/{id}/messages/delete', {
        params: { id },
        body: { conversation, message, ...options },
      });
      await showMutation(context, answer, timeout);
    }),
  );
}

function react(run: Run): CommandUnknownOpts {
  return mutation('react', 'Put a reaction on a message, or take it off')
    .requiredOption('--emoji <emoji>', 'which one')
    .option('--remove', 'take it off')
    .action(
      run(async (context, id, conversation, message, { timeout, ...options }) => {
        const answer = await context.api('POST /channels/{id}/messages/react', {
          params: { id },
          body: { conversation, message, ...options },
        });
        await showMutation(context, answer, timeout);
      }),
    );
}

function showPage(out: CommandContext['out'], page: Page, none: string): void {
  out.show(page, () =>
    table(
      ['message', 'at', 'from', 'text', 'files', 'reactions'],
      page.messages.map((message) => [
        message.address.message,
        time(message.createdAt),
        message.sender.isSelf ? 'the bot' : (message.sender.display ?? message.sender.id),
        message.text.slice(0, 120),
        message.attachments.length,
        message.reactions.map(({ emoji, count }) => `${emoji}${count}`).join(' '),
      ]),
      none,
    ),
  );
  if (page.nextBefore !== undefined) out.note(`${more} Go on with --before ${page.nextBefore}.`);
}

/** Fails unless the change was made, or was only to be previewed. */
async function showMutation(
  context: CommandContext,
  answer: Mutation,
  timeoutMs: number,
  text?: string,
): Promise<void> {
  const { out } = context;
  const judged = facts([
    ['risk', answer.governance.risk],
    ['because', answer.governance.because],
    ['before', answer.before?.text],
    ['after', text],
  ]);
  if (answer.state === 'approval_required') {
    const { id = '', expiresAt } = answer.approval ?? {};
    out.show(
      answer,
      () =>
        `${judged}\nSomebody else has to approve it until ${time(expiresAt)}: palyra approvals approve ${id}`,
    );
    throw new AppError(
      'forbidden',
      `It waits for approval ${id}. Once approved, repeat it with --approval ${id}.`,
    );
  }
  if (answer.message === undefined) {
    const next = answer.governance.needsApproval ? 'It would need an approval.' : 'It would be done at once.';
    out.show(answer, () => `${judged}\n${next}`);
    return;
  }
  const trace = await followTrace(context, answer.message, timeoutMs);
  out.show({ ...answer, trace }, () => `${judged}\n\n${formatTrace(trace)}`);
  requireEnd('The change', trace, ['delivered']);
}
