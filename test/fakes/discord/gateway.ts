import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Bot } from './entities.ts';
import type { Faults } from './faults.ts';
import type { Json } from './form.ts';
import { Connection, type ConnectionDeps } from './gateway-connection.ts';
import { Identifies } from './gateway-identify.ts';
import { deliver, shardOf } from './gateway-delivery.ts';
import { intent } from './gateway-intents.ts';
import { GatewayJournal } from './gateway-journal.ts';
import { Session } from './gateway-session.ts';
import { guildWire, memberWire, userWire } from './wire.ts';
import type { World, WorldEvent } from './world.ts';

export interface GatewayOptions {
  readonly heartbeatIntervalMs: number;
  /** How much later than its interval a heartbeat may come before 4009. */
  readonly heartbeatGraceMs: number;
  /** For how long a session waits for its client. */
  readonly resumeWindowMs: number;
  /** How many dispatches a session keeps for replay. */
  readonly resumeBufferMax: number;
  /** One identify per key in this time: docs.discord.com/developers/events/gateway#sharding-max-concurrency. */
  readonly identifyIntervalMs: number;
}

export const defaultGateway: GatewayOptions = {
  heartbeatIntervalMs: 41_250,
  heartbeatGraceMs: 20_000,
  resumeWindowMs: 180_000,
  resumeBufferMax: 10_000,
  identifyIntervalMs: 5_000,
};

/** The gateway: connections, sessions, and who gets which event. */
export class Gateway {
  readonly journal: GatewayJournal;
  readonly sessions = new Map<string, Session>();
  readonly connections = new Set<Connection>();
  /** Cuts what is compressed into frames of this size; 0 does not. Applies to new connections. */
  splitBytes = 0;
  readonly #world: World;
  readonly #options: GatewayOptions;
  readonly #faults: Faults;
  readonly #identifies: Identifies;
  readonly #changed: () => void;
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 });
  #sessionCount = 0;

  constructor(world: World, options: GatewayOptions, faults: Faults, changed: () => void) {
    this.#world = world;
    this.#options = options;
    this.#faults = faults;
    this.#changed = changed;
    this.#identifies = new Identifies(world.clock, options.identifyIntervalMs);
    this.journal = new GatewayJournal(() => world.now());
    world.onEvent((event) => this.#publish(event));
  }

  /** The open connections of a bot, or all of them. */
  open(bot?: Bot): readonly Connection[] {
    return [...this.connections].filter(
      (connection) => connection.isOpen && (bot === undefined || connection.session?.bot === bot),
    );
  }

  /** The open connections that have a session. */
  live(bot?: Bot): readonly Connection[] {
    return this.open(bot).filter(({ session }) => session !== undefined);
  }

  upgrade(host: 'gateway' | 'resume', request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const fault = this.#faults.takeConnect();
    if (fault?.kind === 'refuse') {
      // The client may hang up before it has read all of it.
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 ${fault.status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => {
      const connection = this.#connect(client, host, request.url ?? '/');
      if (!connection) return;
      if (fault === undefined) connection.hello();
      else if (fault.kind === 'reconnect') connection.requestReconnect();
      else if (fault.kind === 'close') connection.close(fault.code, 'asked by the test');
    });
  }

  /** Ends every connection; sessions stay when the gateway only restarts. */
  async closeAll(): Promise<void> {
    const all = [...this.connections];
    for (const connection of all) connection.drop();
    await Promise.all(all.map(({ ended }) => ended));
  }

  endSessions(): void {
    for (const session of this.sessions.values()) this.#endSession(session);
  }

  #connect(client: WebSocket, host: 'gateway' | 'resume', url: string): Connection | undefined {
    const query = new URL(url, 'http://gateway').searchParams;
    this.journal.write({ kind: 'connected', url, host });
    const compress = query.get('compress');
    const connection = new Connection(
      client,
      { host, isCompressed: compress === 'zlib-stream', splitBytes: this.splitBytes },
      this.#connectionDeps,
    );
    this.connections.add(connection);
    this.#changed();
    const version = query.get('v');
    if (version !== '10' && version !== '9') connection.close(4012, 'Invalid API version.');
    else if (
      (query.get('encoding') ?? 'json') !== 'json' ||
      (compress !== null && compress !== 'zlib-stream')
    )
      connection.close(4000, 'The fake speaks json, plain or in a zlib-stream.');
    else return connection;
    return undefined;
  }

  get #connectionDeps(): ConnectionDeps {
    return {
      clock: this.#world.clock,
      journal: this.journal,
      heartbeatIntervalMs: this.#options.heartbeatIntervalMs,
      heartbeatGraceMs: this.#options.heartbeatGraceMs,
      identify: (connection, data) => this.#identify(connection, data),
      resume: (connection, data) => this.#resume(connection, data),
      requestMembers: (session, data) => this.#requestMembers(session, data),
      gone: (connection, endsSession) => this.#gone(connection, endsSession),
      changed: () => this.#changed(),
    };
  }

  #identify(connection: Connection, data: Json): void {
    const bot = this.#world.botByToken(String(data.token));
    const guilds = [...this.#world.guilds.values()].filter(({ members }) => members.has(bot?.user.id ?? ''));
    const verdict = this.#identifies.judge(bot, data, guilds.length);
    if (verdict.kind === 'close') {
      connection.close(verdict.code, verdict.why);
      return;
    }
    if (verdict.kind === 'invalid') {
      connection.invalidate(false, verdict.why);
      return;
    }
    if (verdict.kind === 'spent') {
      this.resetToken(bot!);
      return;
    }
    const { shard, intents } = verdict;
    const session = new Session(
      { id: `fake-session-${++this.#sessionCount}`, bot: bot!, shard, intents },
      this.#options.resumeBufferMax,
    );
    this.sessions.set(session.id, session);
    if (data.compress === true && !connection.traits.isCompressed) connection.compressPayloads();
    this.#attach(connection, session);
    this.journal.write({ kind: 'identified', sessionId: session.id, shard, intents });
    const own = guilds.filter(({ id }) => shardOf(id, shard[1]) === shard[0]);
    dispatch(session, 'READY', {
      v: 10,
      user: { ...userWire(bot!.user), verified: true, mfa_enabled: false, email: null, flags: 0 },
      guilds: own.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      session_type: 'normal',
      resume_gateway_url: this.#world.urls.resume,
      shard,
      application: { id: bot!.applicationId, flags: bot!.flags },
      private_channels: [],
      relationships: [],
      _trace: ['["fake",{}]'],
    });
    if ((intents & intent.guilds) === 0) return;
    for (const guild of own) dispatch(session, 'GUILD_CREATE', guildWire(this.#world, guild, bot!));
  }

  #resume(connection: Connection, data: Json): void {
    const bot = this.#world.botByToken(String(data.token));
    if (!bot) {
      connection.close(4004, 'Authentication failed.');
      return;
    }
    if (connection.traits.host !== 'resume') {
      connection.close(4000, 'Resume on resume_gateway_url.');
      return;
    }
    const session = this.sessions.get(String(data.session_id));
    const seq = data.seq;
    if (session?.bot !== bot) {
      connection.invalidate(false, 'unknown session');
      return;
    }
    if (typeof seq !== 'number' || seq > session.seq) {
      connection.close(4007, 'Invalid seq.');
      return;
    }
    if (!session.canReplayFrom(seq)) {
      this.#endSession(session);
      connection.invalidate(false, 'too old');
      return;
    }
    const former = this.live().find((other) => other.session === session);
    if (former) {
      former.session = undefined;
      former.close(4000, 'The session was resumed elsewhere.');
    }
    const replayed = session.seq - seq;
    this.#attach(connection, session);
    session.replay(seq, connection);
    this.journal.write({ kind: 'resumed', sessionId: session.id, seq, replayed });
  }

  #attach(connection: Connection, session: Session): void {
    session.cancelExpiry?.();
    connection.session = session;
    session.line = connection;
  }

  #gone(connection: Connection, endsSession: boolean): void {
    const { session } = connection;
    if (!connection.isOpen) this.connections.delete(connection);
    connection.session = undefined;
    if (!session) return;
    session.line = undefined;
    if (endsSession) this.#endSession(session);
    else if (this.sessions.has(session.id))
      session.cancelExpiry = this.#world.clock.after(this.#options.resumeWindowMs, () =>
        this.#endSession(session),
      );
  }

  #endSession(session: Session): void {
    session.cancelExpiry?.();
    this.sessions.delete(session.id);
  }

  /** A new token; all sessions end. So, too, when the daily budget of identifies is overdrawn. */
  resetToken(bot: Bot): void {
    const [, nth = '1'] = /-(\d+)$/.exec(bot.token) ?? [];
    bot.token = `${bot.token.replace(/-\d+$/, '')}-${Number(nth) + 1}`;
    for (const connection of this.open(bot)) connection.close(4004, 'Authentication failed.');
    for (const connection of this.open())
      if (!connection.session) connection.close(4004, 'Authentication failed.');
    for (const session of this.sessions.values()) if (session.bot === bot) this.#endSession(session);
  }

  #requestMembers(session: Session, data: Json): void {
    const guild = this.#world.guilds.get(String(data.guild_id));
    if (!guild) return;
    const wanted = Array.isArray(data.user_ids) ? (data.user_ids as unknown[]) : undefined;
    const members = [...guild.members.values()].filter(({ user }) => wanted?.includes(user.id) ?? true);
    dispatch(session, 'GUILD_MEMBERS_CHUNK', {
      guild_id: guild.id,
      members: members.map(memberWire),
      chunk_index: 0,
      chunk_count: 1,
      ...(data.nonce === undefined ? {} : { nonce: data.nonce }),
    });
  }

  #publish(event: WorldEvent): void {
    const written = new Map<string, string>();
    for (const session of this.sessions.values()) deliver(this.#world, this.#faults, event, session, written);
    this.#changed();
  }
}

function dispatch(session: Session, type: string, data: unknown): void {
  session.dispatch(type, JSON.stringify(data));
}
