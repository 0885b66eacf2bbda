import type { z } from 'zod';
import type { RuleId, TurnId } from '../domain/ids.ts';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Secret } from '../lib/secret.ts';

/** One event for an agent to answer. */
export interface Turn {
  /** The same in every attempt and replay: an agent that saw it before may answer what it answered then. */
  readonly id: TurnId;
  /** Counts from 1. */
  readonly attempt: number;
  readonly event: InboundEvent;
  /** The exact bytes of a webhook delivery. */
  readonly body?: Uint8Array;
  /** What belongs to one talk: the same for all turns of a conversation, or of a sender in it. */
  readonly sessionKey: string;
  readonly rule: RuleId;
  /** W3C trace context, for the hop to the agent. */
  readonly traceparent: string;
  /** Unix ms after which nobody waits for the answer. */
  readonly deadlineAt: number;
}

/** What an agent wants done in the conversation that its turn came from. It cannot name another place. */
export type TurnMessage =
  | {
      readonly op: 'send';
      readonly text: string;
      /** Whether it refers to the message that the event is. Default: `event`. */
      readonly replyTo?: 'event' | 'none';
      /** The platform's own (embeds, blocks, buttons); only its adapter reads it. */
      readonly extras?: Readonly<Record<string, unknown>>;
    }
  | { readonly op: 'edit'; readonly message: string; readonly text: string }
  | { readonly op: 'delete'; readonly message: string }
  /** Default for `message`: the one that the event is. */
  | { readonly op: 'react'; readonly message?: string; readonly emoji: string; readonly remove?: boolean }
  | { readonly op: 'typing' };

/** Takes the messages of a turn, in order. None of them goes anywhere unless the turn ends well. */
export interface TurnOutput {
  /** @throws AppError `too_large` for one message too many or too long. The agent lets it pass. */
  send(message: TurnMessage): void;
  /**
   * How the message that is sent next looks so far, whole; each draft replaces the one before. Shown where
   * the platform can change a message in place, as often as its limits allow; dropped elsewhere. Never throws.
   * With `ahead`, so many messages that have not been sent yet come before it.
   */
  draft(text: string, ahead?: number): void;
}

export type TurnEnd =
  | { readonly kind: 'answered' }
  /** The agent has taken the turn and posts its messages later, at the latest at `untilAt`, Unix ms. */
  | { readonly kind: 'awaiting'; readonly untilAt: number };

export interface Agent {
  /**
   * Answers a turn. Several run at once. Changes nothing of the turn, and once `signal` has aborted it
   * sends nothing more and rejects soon.
   *
   * @throws AppError `unavailable`, `timeout` or `rate_limited` when another attempt may succeed: it is made
   *   with the same turn id, not before what `retryAfterOf` tells. `vault_locked` waits for the operator.
   *   `invalid_request`, `unsupported`, `too_large`, `forbidden` or `config_invalid` when no attempt will.
   */
  run(turn: Turn, out: TurnOutput, signal: AbortSignal): Promise<TurnEnd>;
}

/** All that an agent can reach. */
export interface AgentDeps {
  readonly fetch: GuardedFetch;
  /** From the vault, at every use: never kept. @throws AppError `not_found`, `vault_locked`. */
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly clock: Clock;
  /** Of this program. */
  readonly version: string;
}

/** The code of a kind of agent. Its form, flags and documentation come from `configSchema`. */
export interface AgentKind<Config = unknown> {
  readonly kind: string;
  readonly title: string;
  readonly configSchema: z.ZodType<Config>;
  create(config: Config, deps: AgentDeps): Agent;
}
