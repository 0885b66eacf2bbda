import { createHash } from 'node:crypto';
import type { Clock } from '../../../lib/clock.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { Secret } from '../../../lib/secret.ts';
import type { RestAnswer } from './request.ts';
import type { Target } from './route.ts';

export type Refusal = Extract<RestAnswer, { kind: 'refused' }>;

interface Remembered {
  readonly refusal: Refusal;
  readonly resource: string;
  readonly until: number;
}

const rememberedMax = 1_024;
const rememberedMs = 60_000;

/**
 * What the platform refused a moment ago, and will again: asking would only count towards a ban. A token
 * that was refused stays refused until there is another; what was forbidden is asked again after a minute,
 * or as soon as somebody says that things have changed.
 */
export class Refusals {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #forbidden = new RecentMap<string, Remembered>(rememberedMax);
  #unauthorized: { readonly digest: string; readonly refusal: Refusal } | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get isUnauthorized(): boolean {
    return this.#unauthorized !== undefined;
  }

  get size(): number {
    return this.#forbidden.size;
  }

  /** The token was refused. It is not kept, only what tells it from another. */
  rememberUnauthorized(token: Secret, refusal: Refusal): void {
    this.#unauthorized = { digest: digestOf(token), refusal: { ...refusal, sent: false } };
  }

  /** Undefined for another token than the one that was refused; from then on that is forgotten. */
  findUnauthorized(token: Secret): Refusal | undefined {
    if (this.#unauthorized && this.#unauthorized.digest !== digestOf(token)) this.#unauthorized = undefined;
    return this.#unauthorized?.refusal;
  }

  rememberForbidden(target: Target, shape: string, isOfPlace: boolean, refusal: Refusal): void {
    this.#forbidden.set(isOfPlace ? placeKey(target, shape) : exactKey(target, shape), {
      refusal: { ...refusal, sent: false },
      resource: target.resource,
      until: this.#clock.monotonic() + rememberedMs,
    });
  }

  findForbidden(target: Target, shape: string): Refusal | undefined {
    for (const key of [placeKey(target, shape), exactKey(target, shape)]) {
      const remembered = this.#forbidden.get(key);
      if (!remembered) continue;
      if (remembered.until > this.#clock.monotonic()) return remembered.refusal;
      this.#forbidden.delete(key);
    }
    return undefined;
  }

  /** Of a channel, or all. */
  forget(channel: string | undefined): void {
    const resource = channel === undefined ? undefined : `channels/${channel}`;
    for (const [key, remembered] of this.#forbidden.entries())
      if (resource === undefined || remembered.resource === resource) this.#forbidden.delete(key);
  }
}

/** The same operation in the same channel. `shape` tells apart what may be allowed differently, e.g. with files. */
function placeKey({ route, resource }: Target, shape: string): string {
  return `${route} ${resource} ${shape}`;
}

function exactKey({ exact }: Target, shape: string): string {
  return `${exact} ${shape}`;
}

function digestOf(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('base64url');
}
