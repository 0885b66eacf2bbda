import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { RecordingLog } from '../../../../test/support/recording-log.ts';
import { AppError } from '../../../domain/errors.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import type { ConnectorHost, HostGaps, HostNotes } from '../../connector.ts';
import { ContractHost, ContractInbox } from '../../contract-host.ts';
import type { Snowflake } from '../api-types.ts';
import { DiscordConfig } from '../config.ts';
import { discordConnectorId } from '../identity.ts';
import { Directory } from '../inbound/directory.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import { compareSnowflakes, snowflakeAt } from '../snowflake.ts';
import { contextOf } from './receiver.ts';
import { SetAside } from './set-aside.ts';

export const selfId = '900000000000000001';
export const applicationId = '900000000000000002';
export const connector = discordConnectorId();
export const guild = '700000000000000001';
export const channel = '800000000000000001';
export const ada = '600000000000000001';

const unavailable = new AppError('unavailable', 'The disk is full.');

/** What is on the platform, answered as its REST API does. What it says first comes from `answers`, if it has any. */
export class ScriptedRest {
  readonly requests: RestRequest[] = [];
  /** Messages by channel, in any order. */
  readonly history = new Map<Snowflake, readonly object[]>();
  readonly channels = new Map<Snowflake, object>();
  /** By user. */
  readonly members = new Map<Snowflake, object>();
  readonly answers: ((request: RestRequest) => RestAnswer | Promise<RestAnswer> | undefined)[] = [];
  forgotten: (Snowflake | undefined)[] = [];

  readonly call = async (request: RestRequest, signal: AbortSignal): Promise<RestAnswer> => {
    this.requests.push(request);
    for (const answer of this.answers) {
      const given = await answer(request);
      if (given) return signal.aborted ? { kind: 'failed', sent: true, detail: 'aborted' } : given;
    }
    return this.#answer(request);
  };

  readonly forgetRefusals = (channelId?: Snowflake): void => {
    this.forgotten.push(channelId);
  };

  /** What was asked, as `GET /channels/1/messages`. */
  get asked(): readonly string[] {
    return this.requests.map(
      ({ method, route, params }) =>
        `${method} ${route.replace(/\{(\w+)\}/g, (_all, name: string) => params[name] ?? '')}`,
    );
  }

  /** The next `times` requests for this route are answered so. */
  fail(route: string, answer: RestAnswer, times = 1): void {
    let left = times;
    this.answers.push((request) => {
      if (request.route !== route || left === 0) return undefined;
      left--;
      return answer;
    });
  }

  #answer({ method, route, params, query }: RestRequest): RestAnswer {
    switch (`${method} ${route}`) {
      case 'GET /channels/{channel}/messages':
        return ok(this.#page(params.channel ?? '', query ?? {}));
      case 'GET /channels/{channel}':
        return found(this.channels.get(params.channel ?? ''));
      case 'GET /guilds/{guild}/members/{user}':
        return found(this.members.get(params.user ?? ''));
      case 'GET /guilds/{guild}/roles':
        return ok([]);
      default:
        return ok({});
    }
  }

  /** The first ones after one, or the last ones before one or of all; the newest of them first. */
  #page(
    channelId: Snowflake,
    { after, before, limit }: NonNullable<RestRequest['query']>,
  ): readonly object[] {
    const all = (this.history.get(channelId) ?? []) as readonly { readonly id: Snowflake }[];
    const sorted = all.toSorted((left, right) => compareSnowflakes(left.id, right.id));
    const count = Number(limit);
    const page =
      after === undefined
        ? sorted.filter(({ id }) => before === undefined || compareSnowflakes(id, before) < 0).slice(-count)
        : sorted.filter(({ id }) => compareSnowflakes(id, after) > 0).slice(0, count);
    return page.toReversed();
  }
}

export function ok(body: unknown): RestAnswer {
  return { kind: 'ok', status: 200, body };
}

export function refused(status: number, code = 0): RestAnswer {
  return { kind: 'refused', status, code, detail: `refused with ${status}`, fields: [], sent: true };
}

export function wait(afterMs: number): RestAnswer {
  return { kind: 'wait', afterMs, scope: 'bucket', sent: true };
}

export const lost: RestAnswer = { kind: 'failed', sent: true, detail: 'The answer was lost.' };

function found(body: object | undefined): RestAnswer {
  return body ? ok(body) : refused(404, 10_003);
}

/** The parts of one session around the one that is tested: a clock that stands still, a store in memory, no network. */
export class SessionBench {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly inbox = new ContractInbox();
  readonly rest = new ScriptedRest();
  readonly directory = new Directory(selfId);
  readonly closing = new AbortController();
  /** Refuses to write gaps. */
  gapsFail = false;
  readonly setAside: SetAside;
  readonly #host: ContractHost;
  readonly #config: DiscordConfig;

  constructor(config: object = {}) {
    this.#config = DiscordConfig.parse(config);
    this.#host = new ContractHost(this.inbox, {
      connectorId: connector,
      config: this.#config,
      secret: () => 'the-token',
      fetch: unreachable,
      connectSocket: unreachable,
      clock: this.clock,
      onLog: () => undefined,
    });
    this.setAside = new SetAside(this.host);
  }

  /** From now on nothing can be stored in which one of these texts stands, for a fault of its own. */
  poison(...texts: readonly string[]): void {
    const accept = this.inbox.accept.bind(this.inbox);
    this.inbox.accept = (events, ...rest) =>
      events.some((event) => 'text' in event && texts.includes(event.text))
        ? Promise.reject(new AppError('internal', 'It cannot be stored.'))
        : accept(events, ...rest);
  }

  get host(): ConnectorHost<DiscordConfig> {
    const { connectorId, fetch, connectSocket, clock, random } = this.#host;
    return {
      connectorId,
      config: this.#config,
      fetch,
      connectSocket,
      clock,
      random,
      log: this.log,
      notes: this.notes,
      gaps: this.gaps,
      secret: () => this.#host.secret(),
      takeAccount: (account) => this.#host.takeAccount(account),
      accept: (...offered) => this.#host.accept(...offered),
      loadCursor: () => this.#host.loadCursor(),
      isSent: (id) => this.#host.isSent(id),
      firstSentOf: (message) => this.#host.firstSentOf(message),
      listConversations: (limit) => this.#host.listConversations(limit),
    };
  }

  get notes(): HostNotes {
    return this.#host.notes;
  }

  get gaps(): HostGaps {
    const { gaps } = this.#host;
    const write = <Value>(action: () => Promise<Value>): Promise<Value> =>
      this.gapsFail ? Promise.reject(unavailable) : action();
    return {
      open: (gap) => write(() => gaps.open(gap)),
      listOpen: () => gaps.listOpen(),
      update: (id, change) => write(() => gaps.update(id, change)),
    };
  }

  get gapRecords(): readonly GapRecord[] {
    return [...this.inbox.gaps.values()];
  }

  /** What reached the inbox, by the texts of the messages. */
  get texts(): readonly string[] {
    return this.inbox.events.map((event) => ('text' in event ? event.text : event.type));
  }

  readonly contextOf = (dispatchKey: string): ReturnType<typeof contextOf> =>
    contextOf(
      { connectorId: connector, selfId, applicationId },
      this.directory,
      dispatchKey,
      this.clock.now(),
    );

  /** The id of a message that was written so many ms ago, the `nth` of its millisecond. */
  idAt(agoMs: number, nth = 0): Snowflake {
    return (BigInt(snowflakeAt(this.clock.now() - agoMs)) + BigInt(nth)).toString();
  }

  /** A message as REST shows it. */
  message(id: Snowflake, fields: object = {}): object {
    return {
      id,
      channel_id: channel,
      type: 0,
      content: `said ${id}`,
      author: { id: ada, username: 'ada' },
      timestamp: new Date(this.clock.now()).toISOString(),
      edited_timestamp: null,
      mentions: [],
      mention_roles: [],
      mention_everyone: false,
      attachments: [],
      embeds: [],
      ...fields,
    };
  }
}

function unreachable(): Promise<never> {
  return Promise.reject(new Error('Nothing here goes out.'));
}
