import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { printable, time } from '../output.ts';

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
    .option('--limit <n>', 'how many', '50')
    .option('--source <id>', 'only this connector, or webhook:<id>')
    .option('--kind <kind>', 'only this kind, e.g. delivery.attempted')
    .action(
      run(async ({ api, out, world }, { follow, limit, source, kind }) => {
        const filter = {
          ...(source === undefined ? {} : { source }),
          ...(kind === undefined ? {} : { kind }),
        };
        const { items } = await api('GET /events', { query: { ...filter, limit: Number(limit) } });
        const entries = items.toReversed();
        if (follow !== true) {
          out.show(entries, () => entries.map(formatEntry).join('\n') || 'Nothing yet.');
          return;
        }
        const print = (entry: Entry): void =>
          out.json
            ? void world.stdout.write(`${JSON.stringify(entry)}\n`)
            : out.show(entry, () => formatEntry(entry));
        entries.forEach(print);
        const after = items[0]?.id;
        try {
          for await (const entry of api.stream(
            { ...filter, ...(after === undefined ? {} : { after }) },
            world.interrupted,
          ))
            print(entry as Entry);
        } catch (error) {
          if (!world.interrupted.aborted) throw error;
        }
      }),
    );
}

/** One line: when, what, where, and the facts. */
export function formatEntry({ at, kind, level, source, subject, data }: Entry): string {
  const known = Object.entries(data).filter(([, value]) => value !== undefined && value !== null);
  const words = known.map(
    ([key, value]) => `${key}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`,
  );
  const place = [source, subject].filter((part) => part !== undefined && part !== '').join(' ');
  return `${time(at)}  ${level === 'info' ? ' ' : level === 'warn' ? '!' : '✗'} ${kind.padEnd(20)}  ${place}  ${words.join(' ')}`.trimEnd();
}
