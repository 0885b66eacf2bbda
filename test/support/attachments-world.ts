import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachmentLimits } from './no-network.ts';
import { client, closeLater } from './egress.ts';
import { connector, message } from './events.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLog } from './recording-log.ts';
import { ScriptedAdapter } from './scripted-adapter.ts';
import type { EventId } from '../../src/domain/ids.ts';
import type { Attachment, InboundEvent } from '../../src/domain/inbound-event.ts';
import { createBlobFiles } from '../../src/lib/blob-files.ts';
import type { EgressPolicy } from '../../src/lib/net-guard.ts';
import type { LeasedEvent } from '../../src/store/inbox-store.ts';
import { openInlineSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDatabase } from '../../src/store/sqlite/sqlite.fixture.ts';
import type { Store } from '../../src/store/store.ts';
import { type AttachmentLimits, Attachments } from '../../src/core/attachments.ts';

type Serve = (response: ServerResponse, request: IncomingMessage) => void;

/** The beginning of a PNG, `bytes` long. */
export function picture(bytes = 64, seed = 0): Buffer {
  const head = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de', 'hex');
  return Buffer.concat([head, Buffer.alloc(bytes - head.length, seed)]);
}

/** A place from which files are taken over a real connection, into a real directory and a real store. */
export class AttachmentsWorld {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly directory = mkdtempSync(join(tmpdir(), 'palyra-attachments-'));
  files = createBlobFiles(this.directory, this.clock);
  readonly store: Store;
  readonly requests: IncomingMessage[] = [];
  /** Where files may be taken from; undefined when nobody has asked for it. */
  policy: EgressPolicy | undefined = { hosts: ['127.0.0.1'], allowPrivate: true, allowHttp: true };
  /** What is answered, by its path; a picture unless the test says otherwise. */
  readonly answers = new Map<string, Serve>();
  #base = '';
  #events = 0;

  constructor() {
    const { file, remove } = temporaryDatabase();
    const { store } = openInlineSqliteStore(file, this.clock.now());
    this.store = store;
    closeLater(async () => {
      await store.close();
      remove();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  async begin(limits: Partial<AttachmentLimits> = {}): Promise<Attachments> {
    const server = createServer((request, response) => {
      this.requests.push(request);
      const answer = this.answers.get(request.url ?? '') ?? serve(picture());
      answer(response, request);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    closeLater(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return this.open(limits);
  }

  open(limits: Partial<AttachmentLimits> = {}, store = this.store): Attachments {
    const adapter = new ScriptedAdapter();
    adapter.mediaPolicy = () => this.policy;
    return new Attachments({
      store,
      files: this.files,
      fetch: client({ clock: this.clock }),
      findAdapter: () => adapter,
      configOf: () => ({}),
      clock: this.clock,
      log: this.log,
      limits: { ...attachmentLimits, ...limits },
    });
  }

  url(path: string): string {
    return `${this.#base}${path}`;
  }

  /** A message with these files, as a worker gets it. */
  leased(...attachments: readonly Partial<Attachment>[]): LeasedEvent {
    const files = attachments.map((fields, index) => {
      const id = `a${index + 1}`;
      return { id, kind: 'file' as const, url: this.url(`/${id}`), ...fields };
    });
    const event = message({ attachments: files });
    const eventId = `evt_${++this.#events}` as EventId;
    const times = { acceptedAt: this.clock.now(), firstAttemptAt: this.clock.now() };
    return {
      ...{
        event,
        eventId,
        source: connector,
        lane: event.lane,
        leaseId: 'lse_1',
        traceId: '0'.repeat(32),
      },
      ...{ attempt: 1, interrupted: false, overdue: false },
      ...times,
    };
  }

  /** What became of each file of an event. */
  async reasons({ eventId }: LeasedEvent): Promise<readonly string[]> {
    return (await this.store.artifacts.listAttachments(eventId)).map(({ reason }) => reason);
  }

  /** Every file that there is, half written ones too. */
  onDisk(): readonly string[] {
    return readdirSync(this.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }
}

export function serve(body: Uint8Array, status = 200, headers: Record<string, string> = {}): Serve {
  return (response) => response.writeHead(status, headers).end(body);
}

/** The files that the agent gets to see. */
export function filesIn(event: InboundEvent): readonly Attachment[] {
  return 'attachments' in event ? event.attachments : [];
}

/** What they are, as far as they were taken. */
export function typesIn(event: InboundEvent): readonly (string | undefined)[] {
  return filesIn(event).map(({ artifact }) => artifact?.contentType);
}
