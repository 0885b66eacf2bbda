import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { stateWord } from './format-channel.ts';
import { facts, table, time } from '../output.ts';

export function status(run: Run): CommandUnknownOpts {
  return new Command('status').description('The daemon at a glance').action(
    run(async ({ api, out }) => {
      const answer = await api('GET /status');
      const { signals, ready } = answer.readiness;
      out.show(answer, () =>
        [
          facts([
            ['version', `${answer.version}, pid ${answer.pid}, since ${time(answer.startedAt)}`],
            [
              'ingress',
              `${answer.ingressUrl}${answer.publicUrl === answer.ingressUrl ? '' : ` (outside: ${answer.publicUrl})`}`,
            ],
            ['admin', answer.adminUrl],
            ['state', answer.stateDir],
            [
              'vault',
              answer.vault.why === undefined
                ? answer.vault.state
                : `${answer.vault.state}: ${answer.vault.why}`,
            ],
            ['policy', answer.policyHash],
            ['webhooks', answer.webhooks],
            ['inbox', `${answer.inbox.pending} pending, ${answer.inbox.dead} dead`],
            [
              'outbox',
              `${answer.outbox.pending} pending, ${answer.outbox.held} held, ${answer.outbox.dead} dead`,
            ],
            [
              'last hour',
              Object.entries(answer.lastHour)
                .map(([kind, count]) => `${count} ${kind}`)
                .join(', ') || 'quiet',
            ],
            ['ready', ready],
          ]),
          '',
          table(
            ['signal', 'ok', 'detail'],
            Object.entries(signals).map(([name, signal]) => [name, signal.ok, signal.detail]),
          ),
          '',
          table(
            ['connector', 'state'],
            answer.channels.map(({ id, state, receiving }) => [id, stateWord(state, receiving)]),
            'No connectors.',
          ),
        ].join('\n'),
      );
    }),
  );
}
