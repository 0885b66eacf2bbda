import type { InboundEventType } from '../domain/inbound-event.ts';
import type { ConnectorAdapter, IdentityEntity } from './connector.ts';

/** A connector, and the strings to pull on its far side. A fresh one for each case. */
export interface ConnectorHarness {
  readonly adapter: ConnectorAdapter;
  /** As an operator configures the connector for this platform. */
  readonly config: unknown;
  /** The credential that this platform takes. Only where the kind needs none, it is absent. */
  readonly secret?: string;
  /** All entities that a rule can select by on this platform. */
  readonly identities: readonly IdentityExample[];

  /** A person who may write to us writes something that is for us. Resolves when the platform has it. */
  say(spec: SaySpec): Promise<Said>;
  /** Whether the platform has been told that it need not offer this again. */
  isAcknowledged(said: Said): boolean;
  /** What is said while no session is open comes in with the next one; or why it cannot. */
  readonly catchesUp: true | { readonly cannotHappen: string };
  /** Makes the other things happen that the connector claims to bring in. */
  readonly happen: Readonly<Partial<Record<OtherEventType, () => Promise<Place>>>>;

  /** What our account has written and is still there, oldest first, as the platform shows it. */
  shown(): readonly Shown[] | Promise<readonly Shown[]>;
  /** How often the platform has shown in this place that we are typing. Needed where that is claimed. */
  typingShown?(place: Place): number;

  /**
   * Cuts the account off from its platform while its session stays open. Resolves with what lets it back. Needed
   * where a session tells whether it hears its platform.
   */
  cutOff?(): Promise<() => void>;

  readonly faults: Readonly<Record<FaultName, Fault>>;
  close(): Promise<void>;
}

export type OtherEventType = Exclude<InboundEventType, 'message.created' | 'webhook'>;

/** By the platform's own ids. */
export interface Place {
  readonly conversation: string;
  readonly thread?: string;
}

export interface SaySpec {
  readonly text: string;
  /** In another conversation than usual. */
  readonly elsewhere: boolean;
  /** In a thread, and not in the conversation that the thread belongs to. Only asked of platforms that claim threads. */
  readonly inThread: boolean;
}

export interface Said extends Place {
  readonly message: string;
}

export interface Shown extends Place {
  readonly message: string;
  readonly text: string;
  /** The message that it refers to as a reply. */
  readonly replyTo?: string;
  /** Emoji that our account has put on it. */
  readonly reactions?: readonly string[];
}

export interface IdentityExample {
  readonly entity: IdentityEntity;
  readonly canonical: string;
  /** A raw id, a mention, a link: whatever people write for it. */
  readonly spellings: readonly string[];
  /** What is surely none. */
  readonly wrong: readonly string[];
}

/** What goes wrong with the next call that sends a message. */
export const faultNames = [
  /** No connection comes about: the request surely never arrives. */
  'requestLost',
  /** The message is posted, and the connection breaks before the answer. */
  'replyLost',
  /** Nothing is posted: too many requests. Best for so long that a connector that waits by itself is caught. */
  'rateLimited',
  /** Nothing is posted, and never will be: the platform does not take this message. */
  'refused',
  /** Nothing is posted: the credential is not good any more. */
  'unauthenticated',
  /** The message is taken, and no answer comes for as long as the caller waits. */
  'hang',
  /** Not with a call: the platform ends the session. */
  'sessionLost',
] as const;

export type FaultName = (typeof faultNames)[number];

export type Fault =
  { readonly provoke: () => Provoked | Promise<Provoked> } | { readonly cannotHappen: string };

export interface Provoked {
  /** What the text of the message has to contain to meet it, where the platform knows it by that. */
  readonly text?: string;
  /** For `rateLimited`: the wait that the platform asks for. */
  readonly afterMs?: number;
}
