/** What a chat platform can tell apart when a message comes twice. */
export interface ChatTraits {
  /** A repeated key gives the first message back. */
  readonly idempotentKeys: boolean;
  /** Messages can be looked up by key. */
  readonly lookUp: boolean;
}

export interface SaidMessage {
  readonly id: string;
  readonly conversation: string;
  readonly thread?: string;
  readonly sender: string;
  readonly text: string;
}

export interface PostedMessage {
  readonly id: string;
  readonly key: string;
  readonly conversation: string;
  readonly thread?: string;
  readonly replyTo?: string;
  readonly text: string;
}

export interface Update {
  readonly position: number;
  readonly message: SaidMessage;
}

/** What the platform answers to a call that it refuses. */
export class ChatRefusal extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export const textMax = 200;
const updatesMax = 20;

/**
 * A small chat platform: people say things, a bot reads them by a cursor and posts. It keeps its rules: a
 * wrong token, an empty or an over-long text, an unknown conversation are refused. Outlives the daemon.
 */
export class ChatPlatform {
  readonly traits: ChatTraits;
  readonly posted: PostedMessage[] = [];
  readonly #token: string;
  readonly #updates: Update[] = [];
  readonly #byKey = new Map<string, PostedMessage>();
  readonly #conversations = new Set<string>();
  #acknowledged = 0;
  #listeners: (() => void)[] = [];

  constructor(traits: ChatTraits, token = 'chat-token-of-the-bot') {
    this.traits = traits;
    this.#token = token;
  }

  get token(): string {
    return this.#token;
  }

  get said(): readonly SaidMessage[] {
    return this.#updates.map(({ message }) => message);
  }

  /** A person says something. */
  say(message: SaidMessage): void {
    this.#conversations.add(message.conversation);
    this.#updates.push({ position: this.#updates.length + 1, message });
    for (const listener of this.#listeners.splice(0)) listener();
  }

  me(token: string): { readonly name: string } {
    this.#authenticate(token);
    return { name: 'bot' };
  }

  /** What was said after `position`, the oldest first. Asking again from an older position delivers again. */
  updates(token: string, position: number): readonly Update[] {
    this.#authenticate(token);
    this.#acknowledged = Math.max(this.#acknowledged, position);
    return this.#updates.slice(position, position + updatesMax);
  }

  /** Whether the bot has asked for what comes after this message: it need not be kept any longer. */
  isAcknowledged(id: string): boolean {
    const update = this.#updates.find(({ message }) => message.id === id);
    return update !== undefined && update.position <= this.#acknowledged;
  }

  /** Resolves when somebody says something. */
  news(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  post(token: string, message: Omit<PostedMessage, 'id'>): PostedMessage {
    this.#authenticate(token);
    if (message.text === '') throw new ChatRefusal(400, 'text is empty');
    if (message.text.length > textMax) throw new ChatRefusal(400, `text is over ${textMax}`);
    if (!this.#conversations.has(message.conversation)) throw new ChatRefusal(404, 'no such conversation');
    const earlier = this.traits.idempotentKeys ? this.#byKey.get(message.key) : undefined;
    if (earlier) return earlier;
    const posted = { ...message, id: `m${this.posted.length + 1}` };
    this.posted.push(posted);
    if (!this.#byKey.has(message.key)) this.#byKey.set(message.key, posted);
    return posted;
  }

  find(token: string, key: string): PostedMessage | undefined {
    this.#authenticate(token);
    if (!this.traits.lookUp) throw new ChatRefusal(404, 'this platform cannot look messages up');
    return this.#byKey.get(key);
  }

  /** Makes a conversation known without anybody having said anything in it. */
  openConversation(conversation: string): void {
    this.#conversations.add(conversation);
  }

  #authenticate(token: string): void {
    if (token !== this.#token) throw new ChatRefusal(401, 'bad token');
  }
}
