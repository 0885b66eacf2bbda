import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Run } from '../context.ts';
import type { Trace } from '../follow.ts';
import { printable, time, words } from '../output.ts';

export function trace(run: Run): CommandUnknownOpts {
  return new Command('trace')
    .description('The timeline of an event, message, part, turn or webhook delivery')
    .argument(
      '<id>',
      'evt_…, msg_…, prt_…, turn_…, dlv_…, a message id of the platform, or latest for the newest event',
    )
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('GET /traces/{id}', { params: { id: await resolve(api, id) } });
        out.show(answer, () => formatTrace(answer));
      }),
    );
}

export function why(run: Run): CommandUnknownOpts {
  return new Command('why')
    .description('One sentence on why something was ignored, held, retried or is dead')
    .argument('<id>', 'the same as for trace')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('GET /why/{id}', { params: { id: await resolve(api, id) } });
        out.show(answer, () =>
          [answer.sentence, answer.hint]
            .filter((line) => line !== '')
            .map(printable)
            .join('\n'),
        );
      }),
    );
}

async function resolve(api: ApiClient, id: string): Promise<string> {
  if (id !== 'latest') return id;
  const [newest] = (await api('GET /inbox', { query: { limit: 1 } })).items;
  if (!newest) throw new AppError('not_found', 'No event has come in yet.');
  return newest.id;
}

/** A line per step: how long after the first, what, and the facts. */
export function formatTrace(trace: Trace): string {
  const start = trace.steps[0]?.at ?? 0;
  const lines = trace.steps.map(({ at, kind, ...data }) =>
    `${`+${formatMs(at - start)}`.padStart(9)}  ${kind.padEnd(12)}  ${words(data)}`.trimEnd(),
  );
  const head = `${trace.id}  ${trace.state} (${trace.reason})  ${time(start)}`;
  return [printable(head), ...lines].join('\n');
}

function formatMs(ms: number): string {
  return ms < 10_000 ? `${ms}ms` : `${Math.round(ms / 1_000)}s`;
}
