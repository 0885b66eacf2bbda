import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { plural, printable } from '../output.ts';

export function pause(run: Run): CommandUnknownOpts {
  return new Command('pause')
    .description('Stop sending; messages wait')
    .argument('<connector>')
    .option('--reason <text>', 'shown wherever the queue is')
    .action(
      run(async ({ api, out }, id, { reason }) => {
        const queue = await api('POST /channels/{id}/queue/pause', {
          params: { id },
          body: reason === undefined ? {} : { reason },
        });
        out.show(queue, () => `${printable(id)} is paused; ${queue.pending} pending.`);
      }),
    );
}

export function resume(run: Run): CommandUnknownOpts {
  return new Command('resume')
    .description('Go on sending: ends a pause and a hold')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const queue = await api('POST /channels/{id}/queue/resume', { params: { id } });
        out.show(queue, () => `${printable(id)} goes on; ${queue.pending} pending.`);
      }),
    );
}

export function drain(run: Run): CommandUnknownOpts {
  return new Command('drain')
    .description('Try everything pending now, also while paused')
    .argument('<connector>')
    .action(
      run(async ({ api, out }, id) => {
        const answer = await api('POST /channels/{id}/queue/drain', { params: { id } });
        const parts = plural(answer.parts, 'part');
        out.show(answer, () => `On the way now: ${parts}. Watch: palyra channels status ${printable(id)}`);
      }),
    );
}
