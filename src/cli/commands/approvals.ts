import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { approvalKinds, approvalStates } from '../../domain/approval.ts';
import type { Answer } from '../client.ts';
import type { Run } from '../context.ts';
import { spanOf, wholeNumber } from '../options.ts';
import { facts, more, printable, table, time } from '../output.ts';

type Approval = Answer<'GET /approvals/{id}'>;

export function approvals(run: Run): CommandUnknownOpts {
  return new Command('approvals')
    .description('What one person asked for and another has to decide')
    .addCommand(list(run))
    .addCommand(show(run))
    .addCommand(approve(run))
    .addCommand(deny(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list')
    .description('All of them, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(approvalStates))
    .addOption(new Option('--kind <kind>', 'only these').choices(approvalKinds))
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .action(
      run(async ({ api, out, world }, { state, kind, limit }) => {
        const page = await api('GET /approvals', {
          query: {
            limit,
            ...(state === undefined ? {} : { state }),
            ...(kind === undefined ? {} : { kind }),
          },
        });
        out.show(page, () =>
          table(
            ['approval', 'kind', 'about', 'asked by', 'risk', 'state', 'until'],
            page.items.map((item) => [
              item.id,
              item.kind,
              item.subject,
              item.requester,
              item.risk,
              stateOf(item, world.clock.now()),
              time(item.expiresAt),
            ]),
            'Nothing waits for a decision.',
          ),
        );
        if (page.next !== undefined) out.note(more);
      }),
    );
}

function show(run: Run): CommandUnknownOpts {
  return new Command('show')
    .description('One, with what was asked for')
    .argument('<id>')
    .action(
      run(async ({ api, out, world }, id) => {
        const approval = await api('GET /approvals/{id}', { params: { id } });
        out.show(approval, () => formatApproval(approval, world.clock.now()));
      }),
    );
}

function approve(run: Run): CommandUnknownOpts {
  return new Command('approve')
    .description('Approve it; whoever asked cannot')
    .argument('<id>')
    .option('--for <hours>', 'how long a pairing lasts; default 8', spanOf(3_600_000, 'more'))
    .action(
      run(async ({ api, out }, id, options) => {
        const approval = await api('POST /approvals/{id}/approve', {
          params: { id },
          body: options.for === undefined ? {} : { grantMs: options.for },
        });
        out.show(approval, () => `${printable(id)} is approved.${nextStep(approval)}`);
      }),
    );
}

function deny(run: Run): CommandUnknownOpts {
  return new Command('deny')
    .description('Deny it; whoever asked cannot')
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        const approval = await api('POST /approvals/{id}/deny', { params: { id } });
        out.show(approval, () => `${printable(id)} is denied.`);
      }),
    );
}

function nextStep({ kind, id, expiresAt }: Approval): string {
  return kind === 'pairing'
    ? ' The sender is told.'
    : ` Whoever asked can now repeat it with --approval ${id}, until ${time(expiresAt)}.`;
}

function stateOf({ state, expiresAt }: Approval, now: number): string {
  return (state === 'pending' || state === 'approved') && expiresAt <= now ? 'expired' : state;
}

function formatApproval(approval: Approval, now: number): string {
  const { id, kind, subject, requester, risk, createdAt, expiresAt, decidedBy, decidedAt, request } =
    approval;
  return [
    facts([
      ['approval', id],
      ['kind', kind],
      ['about', subject],
      ['asked by', `${requester} at ${time(createdAt)}`],
      ['risk', risk],
      ['state', `${stateOf(approval, now)}, until ${time(expiresAt)}`],
      ['decided', decidedBy === undefined ? undefined : `by ${decidedBy} at ${time(decidedAt)}`],
    ]),
    printable(JSON.stringify(request)),
  ].join('\n');
}
