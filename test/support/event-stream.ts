import { closeLater } from './egress.ts';
import type { TestDaemon } from './daemon.ts';

export interface StreamedEntry {
  readonly id: string;
  readonly kind: string;
  readonly source?: string | undefined;
  readonly subject?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A stream of events as a browser reads it. `closeAll` ends it. */
export class EventStream {
  readonly response: Response;
  /** All that came, as it came. */
  text = '';
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = '';
  readonly #ready: StreamedEntry[] = [];

  constructor(response: Response) {
    this.response = response;
    if (!response.body) throw new Error(`No stream: ${response.status}`);
    this.#reader = response.body.getReader();
  }

  /** The next entry; undefined when the stream has ended. */
  async next(): Promise<StreamedEntry | undefined> {
    for (;;) {
      const entry = this.#ready.shift();
      if (entry) return entry;
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#take(this.#decoder.decode(value, { stream: true }));
    }
  }

  async take(count: number): Promise<readonly StreamedEntry[]> {
    const entries: StreamedEntry[] = [];
    while (entries.length < count) {
      const entry = await this.next();
      if (!entry) throw new Error(`It ended after ${entries.length} of ${count} entries.`);
      entries.push(entry);
    }
    return entries;
  }

  /** Everything up to and including the entry with this id. */
  async until(id: string): Promise<readonly StreamedEntry[]> {
    const entries: StreamedEntry[] = [];
    while (Number(entries.at(-1)?.id ?? 0) < Number(id)) entries.push(...(await this.take(1)));
    return entries;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }

  #take(text: string): void {
    this.text += text;
    const messages = `${this.#rest}${text}`.split('\n\n');
    this.#rest = messages.pop() ?? '';
    for (const message of messages) {
      if (message.startsWith(':')) continue;
      const fields = new Map(message.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const entry = JSON.parse(fields.get('data') ?? '{}') as StreamedEntry;
      if (entry.id !== fields.get('id') || entry.kind !== fields.get('event'))
        throw new Error(`Its fields contradict its data: ${message}`);
      this.#ready.push(entry);
    }
  }
}

/** Resolves when the daemon has begun to answer. */
export async function openStream(
  daemon: TestDaemon,
  query = '',
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const stream = new EventStream(await daemon.request(`/admin/v1/events/stream${query}`, { headers }));
  closeLater(() => stream.close().catch(() => undefined));
  return stream;
}
