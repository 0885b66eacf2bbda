import type { ReasonCode } from '../../../domain/reasons.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { EgressPolicy } from '../../../lib/net-guard.ts';
import type { Secret } from '../../../lib/secret.ts';
import type { ConnectSocket } from '../../../lib/socket.ts';
import type { SessionEnd } from '../../connector.ts';
import type { Compression } from './gateway-url.ts';

/** Where a session can be taken up again: behind dispatch `seq`. */
export interface ResumePoint {
  readonly sessionId: string;
  readonly seq: number;
  readonly resumeUrl: string;
}

export interface GatewayDispatch {
  readonly type: string;
  /** As it came: not to be trusted. */
  readonly data: unknown;
  readonly seq: number;
}

/** `at` is when it happened, Unix ms. */
export type ShardState =
  /**
   * A new session. What was said since the last one has to be read back. Told when READY arrives, before
   * READY is handed to `onDispatches`.
   */
  | { readonly state: 'ready'; readonly at: number }
  /**
   * The session goes on, and all `replayed` dispatches that were missed have arrived. Those that came last may
   * still be on their way through `onDispatches`.
   */
  | { readonly state: 'resumed'; readonly at: number; readonly replayed: number }
  /** It was ready or resumed, and is not any more. `ready` or `resumed` follows, unless the shard ends. */
  | {
      readonly state: 'disconnected';
      readonly at: number;
      readonly detail: string;
      /** With which the gateway closed, if it did. */
      readonly closeCode?: number;
      /** Whether the session is going to be resumed; the gateway may still say no. */
      readonly resumable: boolean;
    };

export interface ShardOptions {
  readonly shard: readonly [index: number, count: number];
  /** https://docs.discord.com/developers/events/gateway#list-of-intents */
  readonly intents: number;
  /** Where new sessions are started, as GET /gateway/bot says; cached by the caller. */
  readonly url: () => Promise<string>;
  /** Asked for at every use. @throws AppError `not_found`, `vault_locked`. */
  readonly token: () => Promise<Secret>;
  /** The point that was committed last, in an earlier life. */
  readonly resume?: ResumePoint;
  /** Resolves when a session may be started. Rejects as `IdentifyGate.turn` does. */
  readonly identifyTurn: (signal: AbortSignal) => Promise<void>;
  readonly compress: Compression;
  /**
   * Resolves when what the dispatches mean is committed, and `point` with them. Called strictly in order, one
   * call at a time; a batch never spans two sessions. When it rejects, the shard ends as lost, and the session
   * can be resumed at the point before.
   */
  readonly onDispatches: (batch: readonly GatewayDispatch[], point: ResumePoint) => Promise<void>;
  /** A dispatch has come that has to wait for others. It is handed to `onDispatches` all the same. Must not throw. */
  readonly onWaiting?: (dispatch: GatewayDispatch, sessionId: string) => void;
  /** Must not throw. */
  readonly onState: (state: ShardState) => void;
  readonly policy: EgressPolicy;
}

export interface ShardDeps {
  readonly connectSocket: ConnectSocket;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** Presence update, voice state update, request guild members. */
export type CommandOpcode = 3 | 4 | 8;

export type SendResult =
  | { readonly kind: 'sent' }
  /** The limit of the gateway is reached. Nothing was sent. */
  | { readonly kind: 'wait'; readonly afterMs: number }
  /** Nothing was sent, since there is no session or the payload is too long. */
  | { readonly kind: 'refused'; readonly code: ReasonCode; readonly detail: string };

/** Facts for the status of the connector: none of them secret, all of them O(1). */
export interface ShardSnapshot {
  readonly shard: readonly [index: number, count: number];
  readonly state: 'connecting' | 'starting' | 'resuming' | 'live' | 'waiting' | 'ended';
  /** When it entered that state, Unix ms. */
  readonly since: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /** Sessions that were started anew, and that were taken up again. */
  readonly identified: number;
  readonly resumed: number;
  /** How long ago the last heartbeat was acknowledged; absent before the first. */
  readonly heartbeatAckAgeMs?: number;
  /** From a heartbeat to its acknowledgement. */
  readonly latencyMs?: number;
  /** When the last dispatch came, Unix ms. */
  readonly lastEventAt?: number;
  /** The newest dispatch that came, and the newest that is committed. */
  readonly seqReceived?: number;
  readonly seqCommitted?: number;
  /** Dispatches that came and are not committed. */
  readonly waiting: number;
  /** When the oldest of them came, Unix ms. */
  readonly waitingSince?: number;
  /** Whether reading is paused until they are. */
  readonly paused: boolean;
  readonly lastDisconnect?: { readonly at: number; readonly detail: string };
  /** While it waits, when it connects again, Unix ms, and why it is not connected. */
  readonly retryAt?: number;
  readonly detail?: string;
}

/** The life of one shard: connects, and connects again, until it is closed or cannot go on. */
export interface Shard {
  /** Resolves once, when it is over; never rejects. */
  readonly closed: Promise<SessionEnd>;
  /** Sends a command in the live session, `d` as the gateway defines it. */
  send(op: CommandOpcode, d: unknown): SendResult;
  snapshot(): ShardSnapshot;
  /**
   * Ends the connection so that the session can be resumed. What has come is committed first, as far as that is
   * done within five seconds. Safe to call twice.
   */
  close(): Promise<void>;
}
