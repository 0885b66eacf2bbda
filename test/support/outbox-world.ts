import type { Engine } from '../../src/core/engine.ts';
import type { OutboundPart } from '../../src/domain/outbound.ts';
import type { DeliveryOutcome } from '../../src/domain/outcome.ts';
import type { RetryPolicy } from '../../src/domain/settle.ts';
import type { PartId } from '../../src/domain/ids.ts';
import { CoreWorld, coreSettings } from './core-world.ts';
import { settled } from './manual-clock.ts';
import { ScriptedAdapter, type ScriptedSession } from './scripted-adapter.ts';

export const delivered = { kind: 'delivered', platformIds: ['p1'] } as const satisfies DeliveryOutcome;
export const failed = {
  kind: 'retry',
  code: 'platform_error',
  scope: 'lane',
  deferral: false,
} as const satisfies DeliveryOutcome;
export const refused = {
  kind: 'rejected',
  code: 'platform_rejected',
  detail: 'The text is empty.',
  scope: 'message',
} as const satisfies DeliveryOutcome;
export const unauthenticated = {
  kind: 'rejected',
  code: 'unauthenticated',
  detail: 'The token was revoked.',
  scope: 'connector',
} as const satisfies DeliveryOutcome;

type Answer = DeliveryOutcome | ((part: OutboundPart, signal: AbortSignal) => Promise<DeliveryOutcome>);

export interface OutboxScript {
  /** What sending comes to, call by call; after these it is delivered. */
  readonly answers?: readonly Answer[];
  readonly retry?: Partial<RetryPolicy>;
  readonly idempotentSendMs?: number;
  readonly prepare?: (session: ScriptedSession) => void;
}

/** A live connector on a platform that answers as it is told. */
export class OutboxWorld extends CoreWorld {
  readonly #left: Answer[];
  readonly #script: OutboxScript;

  constructor(script: OutboxScript) {
    const { idempotentSendMs = 0 } = script;
    super([], new ScriptedAdapter({ idempotentSendMs }));
    this.#script = script;
    this.#left = [...(script.answers ?? [])];
    this.adapter.prepare = (session) => {
      session.send = async (part, signal) => {
        const answer = this.#left.shift() ?? delivered;
        return typeof answer === 'function' ? answer(part, signal) : answer;
      };
      script.prepare?.(session);
    };
  }

  async startOutbox(owner?: string): Promise<Engine> {
    const engine = await this.start({ retry: { ...coreSettings.retry, ...this.#script.retry } }, owner);
    await settled();
    return engine;
  }

  async stateOf(key: string, part = 1): Promise<string> {
    return (await this.part(`prt_${key}_${part}` as PartId)).state;
  }

  untilIs(state: string, key: string, part = 1): Promise<void> {
    return this.until(async () => (await this.stateOf(key, part)) === state);
  }
}

export async function connected(...answers: readonly Answer[]): Promise<OutboxWorld & { engine: Engine }> {
  return connectedBy({ answers });
}

export async function connectedBy(script: OutboxScript): Promise<OutboxWorld & { engine: Engine }> {
  const world = new OutboxWorld(script);
  await world.addConnector();
  return Object.assign(world, { engine: await world.startOutbox() });
}
