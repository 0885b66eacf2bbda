import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Answer } from '../client.ts';
import type { Run } from '../context.ts';
import { printable, time } from '../output.ts';

type Trace = Answer<'GET /traces/{id}'>;

export function trace(run: Run): CommandUnknownOpts {
  return new Command('trace')
    .description('The timeline of an event, message, part, turn or webhook delivery')
    .argument('<id>', 'evt_…, msg_…, prt_…, turn_…, dlv_…, or a message id of the platform')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('GET /traces/{id}', { params: { id } });
        out.show(answer, () => formatTrace(answer));
      }),
    );
}

export function why(run: Run): CommandUnknownOpts {
  return new Command('why')
    .description('One sentence on why something was ignored, held, retried or is dead')
    .argument('<id>', 'the same ids as for trace')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('GET /why/{id}', { params: { id } });
        out.show(answer, () =>
          [answer.sentence, answer.hint]
            .filter((line) => line !== '')
            .map(printable)
            .join('\n'),
        );
      }),
    );
}

/** A line per step: how long after the first, what, and the facts. */
export function formatTrace(trace: Trace): string {
  const start = trace.steps[0]?.at ?? 0;
  const lines = trace.steps.map(({ at, kind, ...data }) =>
    `${`+${formatMs(at - start)}`.padStart(9)}  ${kind.padEnd(12)}  ${formatFacts(data)}`.trimEnd(),
  );
  const [head] = [`${trace.id}  ${trace.state} (${trace.reason})  ${time(start)}`];
  return [head, ...lines].join('\n');
}

function formatFacts(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`)
    .join(' ');
}

function formatMs(ms: number): string {
  return ms < 10_000 ? `${ms}ms` : `${Math.round(ms / 1_000)}s`;
}
