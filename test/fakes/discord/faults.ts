import type { WorldEvent } from './world.ts';

/** `applied` says whether the request took effect before the answer went wrong. */
export type RestFault =
  | {
      readonly kind: 'rate_limit';
      readonly scope: 'user' | 'global' | 'shared';
      /** What Retry-After and retry_after say. */
      readonly retryAfterMs: number;
      /** What the headers of the bucket say, where it differs. */
      readonly resetAfterMs?: number;
      readonly code?: number;
    }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly applied: boolean;
      /** By default an HTML page, as from a proxy in between. */
      readonly body?: unknown;
    }
  /** The connection is cut without an answer. */
  | { readonly kind: 'reset'; readonly applied: boolean }
  /** No answer, ever; the connection stays open. */
  | { readonly kind: 'hang'; readonly applied: boolean }
  /** The answer waits; what was asked happens at once. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connection is cut in the middle of the answer. */
  | { readonly kind: 'truncated' }
  /** Status 200 and a page that is not JSON. */
  | { readonly kind: 'garbage' };

export interface FaultTarget {
  readonly method: string;
  /** The template, as '/channels/{channel}/messages'. */
  readonly route: string;
  readonly path: string;
  readonly json: unknown;
}

export interface RestFaultSpec {
  readonly method?: string;
  readonly route?: string;
  /** Further conditions. */
  readonly match?: (target: FaultTarget) => boolean;
  /** How often; 1 when absent. */
  readonly times?: number;
  readonly fault: RestFault;
}

/**
 * What happens to one dispatch on its way into one session: `lose` it, send it `twice`, or send it `late`,
 * after the next one (or after a second, when there is none).
 */
export type DispatchFault = 'lose' | 'twice' | 'late';

/** What happens to the next connection to the gateway. */
export type ConnectFault =
  | { readonly kind: 'refuse'; readonly status: number }
  /** Accepted, and nothing is ever said. */
  | { readonly kind: 'silent' }
  /** Op 7 instead of Hello. */
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'close'; readonly code: number };

/** Faults to come, in order: the first whose conditions are met is used up. Nothing is left to chance. */
export class Faults {
  readonly #rest: { spec: RestFaultSpec; left: number }[] = [];
  readonly #dispatches: { fault: DispatchFault; type: string | undefined; left: number }[] = [];
  readonly #connects: ConnectFault[] = [];
  /** Asked for every request for which no fault is waiting: for weather that a seeded generator makes. */
  decide: ((target: FaultTarget) => RestFault | undefined) | undefined;
  /** The same for dispatches. */
  decideDispatch: ((type: string, event: WorldEvent) => DispatchFault | undefined) | undefined;

  rest(spec: RestFaultSpec): void {
    this.#rest.push({ spec, left: spec.times ?? 1 });
  }

  dispatch(fault: DispatchFault, type?: string, times = 1): void {
    this.#dispatches.push({ fault, type, left: times });
  }

  connect(fault: ConnectFault): void {
    this.#connects.push(fault);
  }

  /** How many of the faults for REST have not happened yet. */
  get restPending(): number {
    return this.#rest.reduce((sum, { left }) => sum + left, 0);
  }

  clear(): void {
    this.#rest.length = 0;
    this.#dispatches.length = 0;
    this.#connects.length = 0;
    this.decide = undefined;
    this.decideDispatch = undefined;
  }

  takeRest(target: FaultTarget): RestFault | undefined {
    const index = this.#rest.findIndex(
      ({ spec }) =>
        (spec.method === undefined || spec.method === target.method) &&
        (spec.route === undefined || spec.route === target.route) &&
        (spec.match?.(target) ?? true),
    );
    const found = this.#rest[index];
    if (!found) return this.decide?.(target);
    if (--found.left === 0) this.#rest.splice(index, 1);
    return found.spec.fault;
  }

  takeDispatch(event: WorldEvent): DispatchFault | undefined {
    const index = this.#dispatches.findIndex(({ type }) => type === undefined || type === event.type);
    const found = this.#dispatches[index];
    if (!found) return this.decideDispatch?.(event.type, event);
    if (--found.left === 0) this.#dispatches.splice(index, 1);
    return found.fault;
  }

  takeConnect(): ConnectFault | undefined {
    return this.#connects.shift();
  }
}
