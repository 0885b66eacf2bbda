import type { FakeDiscord } from '../fakes/discord/fake-discord.ts';
import type { DispatchFault, FaultTarget, RestFault } from '../fakes/discord/faults.ts';
import type { WorldEvent } from '../fakes/discord/world.ts';
import type { Chance } from '../simulation/chance.ts';

/** What goes wrong with one request in a hundred, by how often. */
const requestFaults: readonly (readonly [percent: number, fault: RestFault])[] = [
  [1, { kind: 'reset', applied: false }],
  [1, { kind: 'reset', applied: true }],
  [0.5, { kind: 'truncated' }],
  [0.5, { kind: 'garbage' }],
  [0.5, { kind: 'status', status: 502, applied: true }],
  [1, { kind: 'status', status: 503, applied: false }],
  [0.5, { kind: 'slow', ms: 300 }],
  [1, { kind: 'rate_limit', scope: 'user', retryAfterMs: 200 }],
  [0.5, { kind: 'rate_limit', scope: 'shared', retryAfterMs: 100 }],
  [0.2, { kind: 'rate_limit', scope: 'global', retryAfterMs: 100 }],
];

/** Bad weather on a Discord, drawn from a seed: on every request, on every dispatch, and on connections now and then. */
export class DiscordWeather {
  /** How often what went wrong. */
  readonly counts = new Map<string, number>();
  /** What people have said that was told after what came next. */
  readonly late = new Set<string>();
  readonly #fake: FakeDiscord;
  readonly #chance: Chance;

  constructor(fake: FakeDiscord, chance: Chance) {
    this.#fake = fake;
    this.#chance = chance;
  }

  begin(): void {
    const { faults } = this.#fake;
    faults.decide = (target) => this.#decide(target);
    faults.decideDispatch = (type, event) => this.#decideDispatch(type, event);
  }

  clear(): void {
    this.#fake.faults.clear();
  }

  /** Something happens to a connection that is live. */
  strike(): void {
    const [connection] = this.#fake.gateway.live();
    if (!connection) return;
    const strikes: readonly (readonly [share: number, what: string, strike: () => void])[] = [
      [40, 'cut', () => connection.drop()],
      [20, 'asked to reconnect', () => connection.requestReconnect()],
      [15, 'invalid, to be resumed', () => connection.invalidate(true)],
      [10, 'closed with 4000', () => connection.close(4000)],
      [10, 'silent', () => connection.freeze()],
      [5, 'over', () => connection.invalidate(false)],
    ];
    let left = this.#chance.next() * 100;
    for (const [share, what, strike] of strikes) {
      left -= share;
      if (left >= 0) continue;
      this.#count(`connection ${what}`);
      strike();
      return;
    }
  }

  #decideDispatch(type: string, event: WorldEvent): DispatchFault | undefined {
    if (type !== 'MESSAGE_CREATE' && type !== 'INTERACTION_CREATE') return undefined;
    if (this.#chance.happens(0.02)) {
      this.#count('told twice');
      return 'twice';
    }
    if (!this.#chance.happens(0.02)) return undefined;
    this.#count('told late');
    const said = event.data(this.#fake.bot, true) as { readonly content?: string };
    if (said.content !== undefined) this.late.add(said.content);
    return 'late';
  }

  #decide({ route }: FaultTarget): RestFault | undefined {
    // Who the bot is, and where the gateway: a session that cannot be opened is only opened later.
    if (route.startsWith('/users') || route.startsWith('/applications')) return undefined;
    let left = this.#chance.next() * 100;
    for (const [percent, fault] of requestFaults) {
      left -= percent;
      if (left >= 0) continue;
      this.#count(fault.kind);
      return fault;
    }
    return undefined;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
