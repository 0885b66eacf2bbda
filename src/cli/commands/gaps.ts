import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { gapStates } from '../../domain/gap.ts';
import type { Answer } from '../client.ts';
import type { Run } from '../context.ts';
import { wholeNumber } from '../options.ts';
import { more, table, time } from '../output.ts';

type Gap = Answer<'GET /gaps'>['items'][number];

export function gaps(run: Run): CommandUnknownOpts {
  return new Command('gaps')
    .description('When a connector did not hear its platform, and how what was missed came in')
    .argument('[connector]', 'only of this one')
    .addOption(new Option('--state <state>', 'only these').choices(gapStates))
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .action(
      run(async ({ api, out }, connector, { state, limit }) => {
        const page = await api('GET /gaps', {
          query: {
            limit,
            ...(connector === undefined ? {} : { connector }),
            ...(state === undefined ? {} : { state }),
          },
        });
        out.show(page, () =>
          [
            table(
              ['gap', 'connector', 'from', 'for', 'closed by', 'recovered', 'skipped', 'why'],
              page.items.map((gap) => [
                gap.id,
                `${gap.connector} ${gap.scope}`,
                time(gap.fromAt),
                lengthOf(gap),
                gap.state,
                gap.recovered,
                gap.skipped,
                [gap.cause, gap.detail].filter((text) => text !== undefined).join(' '),
              ]),
              'No gaps.',
            ),
            `${page.unexplained} unexplained gaps`,
            ...Object.entries(page.notReadBack).map(([kind, text]) => `Not read back from ${kind}: ${text}.`),
          ].join('\n'),
        );
        if (page.next !== undefined) out.note(more);
      }),
    );
}

function lengthOf({ fromAt, toAt }: Gap): string {
  return toAt === undefined ? 'until now' : `${((toAt - fromAt) / 1_000).toFixed(1)} s`;
}
