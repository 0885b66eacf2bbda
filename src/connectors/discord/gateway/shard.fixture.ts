import { closeLater } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { RecordingLog } from '../../../../test/support/recording-log.ts';
import { Redactor } from '../../../lib/redact.ts';
import { Secret } from '../../../lib/secret.ts';
import { createConnectSocket } from '../../../lib/socket.ts';
import type { GatewayDispatch, ResumePoint, Shard, ShardOptions, ShardState } from './contract.ts';
import { openShard } from './shard.ts';
import { type Peer, ScriptedGateway } from './gateway.fixture.ts';
import { until } from './until.fixture.ts';

export const token = 'made-up-bot-token';

/** What a shard hands on, and a store that can be slow or fail. */
export class TestShard {
  readonly clock: ManualClock;
  readonly log = new RecordingLog();
  readonly states: ShardState[] = [];
  /** Dispatch by dispatch. */
  readonly committed: GatewayDispatch[] = [];
  /** One per batch. */
  readonly points: ResumePoint[] = [];
  readonly shard: Shard;
  #held: PromiseWithResolvers<unknown>[] = [];
  #isHolding = false;

  constructor(url: string, given: Partial<ShardOptions>, clock: ManualClock) {
    this.clock = clock;
    const options: ShardOptions = {
      shard: [0, 1],
      intents: 513,
      url: async () => url,
      token: async () => new Secret(token),
      identifyTurn: async () => undefined,
      compress: 'none',
      onDispatches: (batch, point) => this.#commit(batch, point),
      onState: (state) => this.states.push(state),
      policy: { hosts: ['127.0.0.1'], allowPrivate: true, allowHttp: true },
      ...given,
    };
    const connectSocket = createConnectSocket({ redactor: new Redactor(), clock });
    this.shard = openShard(options, { connectSocket, clock, random: () => 0.5, log: this.log });
  }

  /** How many commits wait to be let go. */
  get held(): number {
    return this.#held.length;
  }

  get stateNames(): readonly string[] {
    return this.states.map(({ state }) => state);
  }

  /** From now on commits wait. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Lets all commits go, or fails those that wait. */
  release(error?: Error): void {
    this.#isHolding = false;
    for (const held of this.#held.splice(0)) {
      if (error) held.reject(error);
      else held.resolve(undefined);
    }
  }

  reaches(state: ReturnType<Shard['snapshot']>['state']): Promise<void> {
    return until(() => this.shard.snapshot().state === state);
  }

  /** Waits until it has paused before the next connection, and lets that time go by: how long it is, in ms. */
  async skipWait(): Promise<number> {
    await this.reaches('waiting');
    const { retryAt = 0, reconnects } = this.shard.snapshot();
    const waitMs = retryAt - this.clock.now();
    this.clock.advance(waitMs);
    await until(() => this.shard.snapshot().reconnects > reconnects);
    return waitMs;
  }

  async close(): Promise<void> {
    this.release();
    let isClosed = false;
    void this.shard.close().then(() => (isClosed = true));
    await until(() => {
      this.clock.advance(1_000);
      return isClosed;
    });
  }

  async #commit(batch: readonly GatewayDispatch[], point: ResumePoint): Promise<void> {
    if (this.#isHolding) {
      const held = Promise.withResolvers();
      this.#held.push(held);
      await held.promise;
    }
    this.committed.push(...batch);
    this.points.push(point);
  }
}

/** A shard on a clock that stands still, over real sockets. Closed by `closeAll`. */
export function openTestShard(
  url: string,
  given: Partial<ShardOptions> = {},
  clock = new ManualClock(),
): TestShard {
  const test = new TestShard(url, given, clock);
  closeLater(() => test.close());
  return test;
}

/** A shard with a session of its own, READY committed. */
export async function openReady(given: Partial<ShardOptions> = {}): Promise<{
  readonly gateway: ScriptedGateway;
  readonly test: TestShard;
  readonly peer: Peer;
}> {
  const gateway = await ScriptedGateway.open();
  const test = openTestShard(gateway.url, given);
  const [peer] = await gateway.greet();
  await peer.ready('session-1', `${gateway.url}resume`);
  await until(() => test.committed.length === 1);
  return { gateway, test, peer };
}
