import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Run } from '../context.ts';
import { wholeNumber } from '../options.ts';
import { printable, time, words } from '../output.ts';

interface Entry {
  readonly at: number;
  readonly kind: string;
  readonly level: string;
  readonly source?: string | undefined;
  readonly subject?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export function logs(run: Run): CommandUnknownOpts {
  return new Command('logs')
    .description('What happened, oldest first; --follow goes on as it happens')
    .option('--follow', 'go on until Ctrl-C')
    .option('--limit <n>', 'how many', wholeNumber(), 50)
    .option('--source <id>', 'only this connector, or webhook:<id>')
    .option('--kind <kind>', 'only this kind, e.g. delivery.attempted')
    .action(
      run(async ({ api, out, world }, { follow, limit, source, kind }) => {
        const filter = {
          ...(source === undefined ? {} : { source }),
          ...(kind === undefined ? {} : { kind }),
        };
        // Before the look at them: what happens meanwhile is either among them or comes after this.
        const head = follow === true ? await api('GET /events', { query: { limit: 1 } }) : undefined;
        const { items } = await api('GET /events', { query: { ...filter, limit } });
        const entries = items.toReversed();
        if (follow !== true) {
          out.show(entries, () => entries.map(formatEntry).join('\n') || 'Nothing yet.');
          return;
        }
        // Listened to before the first line is out: whoever has read one may press Ctrl-C.
        const { interrupted } = world;
        const print = (entry: Entry): void => out.showLine(entry, () => formatEntry(entry));
        entries.forEach(print);
        const after = items[0]?.id ?? head?.items[0]?.id ?? '0';
        await followEntries(api, { ...filter, after }, interrupted, print);
      }),
    );
}

/** Until Ctrl-C. @throws AppError `unavailable` when the stream ends before that. */
async function followEntries(
  api: ApiClient,
  query: Readonly<Record<string, string>>,
  interrupted: AbortSignal,
  print: (entry: Entry) => void,
): Promise<void> {
  try {
    for await (const entry of api.stream(query, interrupted)) print(entry as Entry);
  } catch (error) {
    if (interrupted.aborted) return;
    throw error instanceof AppError ? error : ended(error);
  }
  if (!interrupted.aborted) throw ended();
}

function ended(cause?: unknown): AppError {
  return new AppError('unavailable', 'The stream has ended: the daemon stopped, or the token did.', {
    cause,
  });
}

/** One line: when, what, where, and the facts. */
export function formatEntry({ at, kind, level, source, subject, data }: Entry): string {
  const mark = level === 'info' ? ' ' : level === 'warn' ? '!' : '✗';
  const place = [source, subject === source ? undefined : subject].filter((part) => part).join(' ');
  return `${time(at)}  ${mark} ${kind.padEnd(20)}  ${printable(place)}  ${words(data)}`.trimEnd();
}
