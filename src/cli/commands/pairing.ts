import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { renderUnicodeCompact } from 'uqr';
import type { Run } from '../context.ts';
import { spanOf } from '../options.ts';
import { facts, printable, table, time } from '../output.ts';

export function pairing(run: Run): CommandUnknownOpts {
  return new Command('pairing')
    .description('Who may write to a connector directly, where its rule asks for pairing')
    .addCommand(list(run))
    .addCommand(code(run))
    .addCommand(revoke(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list')
    .description('Who is paired, and who wants to be')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const view = await api('GET /channels/{id}/pairing', { params: { id } });
        out.show(view, () =>
          [
            table(
              ['sender', 'paired since', 'until', 'by'],
              view.grants.map((grant) => [
                grant.sender,
                time(grant.grantedAt),
                time(grant.expiresAt),
                grant.grantedBy,
              ]),
              'Nobody is paired.',
            ),
            ...view.pending.map(
              (item) => `${printable(item.requester)} asks to be paired: palyra approvals approve ${item.id}`,
            ),
            `codes that are out: ${view.codes.length}`,
          ].join('\n'),
        );
      }),
    );
}

function code(run: Run): CommandUnknownOpts {
  return new Command('code')
    .description('Make a code that is good for once; the person sends it to the bot')
    .argument('<connector>')
    .option('--for <minutes>', 'how long it is good; default 10', spanOf(60_000, 'more'))
    .option('--qr', 'also as a QR code, to be scanned from the terminal')
    .action(
      run(async ({ api, out }, id, options) => {
        const made = await api('POST /channels/{id}/pairing/codes', {
          params: { id },
          body: options.for === undefined ? {} : { ttlMs: options.for },
        });
        out.show(made, () =>
          [
            facts([
              ['code', made.code],
              ['send', made.message],
              ['until', time(made.expiresAt)],
            ]),
            ...(options.qr === true ? ['', renderUnicodeCompact(made.message)] : []),
          ].join('\n'),
        );
      }),
    );
}

function revoke(run: Run): CommandUnknownOpts {
  return new Command('revoke')
    .description('Take a grant away, at once')
    .argument('<connector>')
    .argument('<sender>', 'an id, a mention or a link')
    .action(
      run(async ({ api, out }, id, sender) => {
        await api('DELETE /channels/{id}/pairing/{sender}', { params: { id, sender } });
        out.show(
          { revoked: sender },
          () => `${printable(sender)} is not paired with ${printable(id)} any more.`,
        );
      }),
    );
}
