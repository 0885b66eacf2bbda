import { describe, it } from 'vitest';
import { isAppError } from '../../domain/errors.ts';
import type { MessageId, PartId } from '../../domain/ids.ts';
import type { ConnectorAdapter, ConnectorSession } from '../connector.ts';
import type { ConnectorHarness, Fault, Place, SaySpec } from '../contract-harness.ts';
import { connectorContract } from '../contract.ts';
import { createEchoAdapter } from './adapter.ts';
import { EchoPlatform } from './platform.ts';

const places: readonly Place[] = ['room', 'hall'].flatMap((conversation) => [
  { conversation },
  { conversation, thread: 'aside' },
]);

/** Control tokens make the platform fail; people repeat what it did not take, in the next session if need be. */
class EchoHarness implements ConnectorHarness {
  readonly config = {};
  readonly happen = {};
  readonly catchesUp = { cannotHappen: 'Nobody can talk to it while it is closed.' };
  readonly identities = [
    {
      entity: 'user',
      canonical: 'echo:user:ada',
      spellings: ['ada'],
      wrong: ['echo:role:ada', 'discord:user:1'],
    },
    { entity: 'role', canonical: 'echo:role:crew', spellings: ['crew'], wrong: ['echo:user:crew'] },
    { entity: 'conversation', canonical: 'room', spellings: ['echo:conversation:room'], wrong: [] },
  ] as const;
  readonly #taken = new Set<string>();
  readonly #platforms = new Map<string, EchoPlatform>();
  #live = Promise.withResolvers<ConnectorSession>();
  #said = 0;

  readonly adapter: ConnectorAdapter = this.#watched(createEchoAdapter(this.#platforms));

  readonly faults = {
    requestLost: { cannotHappen: 'It is in this process.' },
    replyLost: byToken('[reply-lost-once]'),
    rateLimited: byToken('[rate-limit-once]', 50),
    refused: byToken('[nack]'),
    unauthenticated: { cannotHappen: 'It has no credential.' },
    hang: { cannotHappen: 'It answers at once.' },
    sessionLost: { provoke: () => this.#crash() },
  } satisfies Record<string, Fault>;

  async say({ text, elsewhere, inThread }: SaySpec) {
    const place = places[(elsewhere ? 2 : 0) + (inThread ? 1 : 0)]!;
    const message = `said-${++this.#said}`;
    const simulated = { ...place, messageId: message, text, sender: 'ada' };
    const flags = { senderIsBot: false, direct: true, mentionsSelf: false };
    for (;;) {
      const session = await this.#live.promise;
      try {
        await session.simulate?.({ ...simulated, ...flags });
        this.#taken.add(message);
        return { ...place, message };
      } catch (error) {
        if (!isAppError(error, 'unavailable')) throw error;
        await new Promise(setImmediate);
      }
    }
  }

  isAcknowledged({ message }: { readonly message: string }): boolean {
    return this.#taken.has(message);
  }

  shown() {
    return places
      .flatMap(({ conversation, thread }) => this.#platform.messagesIn(conversation, thread).toReversed())
      .map(({ id, ...message }) => ({ ...message, message: id }));
  }

  typingShown({ conversation, thread }: Place): number {
    return this.#platform.typingIn(conversation, thread);
  }

  async close(): Promise<void> {
    this.#platforms.clear();
  }

  get #platform(): EchoPlatform {
    return this.#platforms.get('echo:contract') ?? new EchoPlatform();
  }

  /** People talk to the session of the first account, for as long as it is open. */
  #watched(adapter: ReturnType<typeof createEchoAdapter>): ConnectorAdapter {
    return {
      ...adapter,
      open: async (host, signal) => {
        const session = await adapter.open(host as Parameters<typeof adapter.open>[0], signal);
        if (host.connectorId !== 'echo:contract') return session;
        this.#live.resolve(session);
        void session.closed.then(() => (this.#live = Promise.withResolvers()));
        return session;
      },
    };
  }

  async #crash(): Promise<object> {
    const session = await this.#live.promise;
    const part = { id: 'prt_x' as PartId, message: 'msg_x' as MessageId, key: 'crash', part: 1, parts: 1 };
    const address = { connector: 'echo:contract' as never, conversation: 'room' };
    const operation = { op: 'send', text: '[connector-crash-once]' } as const;
    await session.sendOutbound(
      { ...part, address, operation, attempt: 1, possibleDuplicate: false },
      AbortSignal.timeout(10_000),
    );
    return {};
  }
}

function byToken(text: string, afterMs?: number): Fault {
  return { provoke: () => ({ text: `please ${text}`, ...(afterMs === undefined ? {} : { afterMs }) }) };
}

describe('the echo connector, as any connector', () => {
  for (const { name, run } of connectorContract(createEchoAdapter(), async () => new EchoHarness()))
    it(name, run);
});
