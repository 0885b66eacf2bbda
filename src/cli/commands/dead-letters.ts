import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { wholeNumber } from '../options.ts';
import { facts, more, printable, table, time } from '../output.ts';

export function deadLetters(run: Run): CommandUnknownOpts {
  return new Command('dead-letters')
    .description('Events and message parts that gave up, or wait for your decision')
    .addCommand(list(run))
    .addCommand(show(run))
    .addCommand(
      decide(run, 'replay', 'Take it up again with fresh attempts', 'POST /dead-letters/{id}/replay'),
    )
    .addCommand(
      decide(
        run,
        'discard',
        'Throw it away, with the parts that it held up',
        'POST /dead-letters/{id}/discard',
      ),
    );
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list')
    .description('All of them, newest first')
    .argument('[connector]', 'only of this connector, or webhook:<id>')
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .action(
      run(async ({ api, out }, source, { limit }) => {
        const page = await api('GET /dead-letters', {
          query: { limit, ...(source === undefined ? {} : { source }) },
        });
        out.show(page, () =>
          table(
            ['id', 'queue', 'source', 'state', 'reason', 'attempts', 'at'],
            page.items.map((item) => [
              item.id,
              item.queue,
              item.source,
              item.state,
              item.reason,
              item.attempts,
              time(item.at),
            ]),
            'No dead letters.',
          ),
        );
        if (page.next !== undefined) out.note(more);
      }),
    );
}

function show(run: Run): CommandUnknownOpts {
  return new Command('show')
    .description('One, whole')
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        const letter = await api('GET /dead-letters/{id}', { params: { id } });
        out.show(letter, () =>
          [
            facts([
              ['id', letter.id],
              ['queue', letter.queue],
              ['source', letter.source],
              ['state', `${letter.state} (${letter.reason}) since ${time(letter.at)}`],
              ['detail', letter.detail],
              ['attempts', letter.attempts],
            ]),
            printable(JSON.stringify(letter.contents)),
          ].join('\n'),
        );
      }),
    );
}

function decide(
  run: Run,
  verb: string,
  description: string,
  operation: 'POST /dead-letters/{id}/replay' | 'POST /dead-letters/{id}/discard',
): CommandUnknownOpts {
  return new Command(verb)
    .description(description)
    .argument('<id>')
    .action(
      run(async ({ api, out }, id) => {
        await api(operation, { params: { id } });
        out.show(
          { id, [verb]: true },
          () => `${printable(id)}: ${verb === 'replay' ? 'back in line' : 'thrown away'}.`,
        );
      }),
    );
}
