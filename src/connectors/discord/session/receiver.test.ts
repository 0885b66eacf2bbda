import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import { AppError } from '../../../domain/errors.ts';
import type { GatewayDispatch } from '../gateway/contract.ts';
import type { Inbound } from '../inbound/inbound-context.ts';
import type { RestAnswer } from '../rest/request.ts';
import { Places } from './places.ts';
import { Receiver } from './receiver.ts';
import {
  ada,
  applicationId,
  channel,
  connector,
  guild,
  lost,
  ok,
  selfId,
  SessionBench,
} from './session.fixture.ts';
import { Tickets } from './tickets.ts';

const callback = '/interactions/{interaction}/{token}/callback';
const point = { sessionId: 'the-session', seq: 9, resumeUrl: 'wss://gateway.example' };

class ReceiverBench extends SessionBench {
  readonly tickets = new Tickets(this.host, {
    call: (request, signal) => {
      this.signals.push(signal);
      return this.rest.call(request, signal);
    },
  });
  readonly own: string[] = [];
  /** What was left for later. */
  readonly putOff: unknown[] = [];
  /** Of the requests. */
  readonly signals: AbortSignal[] = [];
  /** What was waited for before it was accepted. */
  readonly readBefore: unknown[] = [];
  readFirst: Promise<unknown> = Promise.resolve();
  isBehind = false;
  cursor = (): string => 'the cursor';
  completes: (inbound: Inbound) => boolean = () => false;
  readonly receiver: Receiver;

  constructor() {
    super();
    const { host, rest, directory, clock, tickets, closing } = this;
    this.receiver = new Receiver({
      host,
      rest,
      directory,
      places: new Places({ rest, directory, clock }),
      readBack: {
        isBehind: () => this.isBehind,
        readBefore: async ({ data }) => {
          await this.readFirst;
          this.readBefore.push(data);
        },
      },
      putOff: { take: async ({ data }) => void this.putOff.push(data) },
      tickets,
      identity: { connectorId: connector, selfId, applicationId },
      completes: (inbound) => this.completes(inbound),
      onOwnMessage: (nonce, message) => this.own.push(`${nonce} ${message}`),
      signal: closing.signal,
    });
  }

  take(...batch: readonly GatewayDispatch[]): ReturnType<Receiver['take']> {
    return this.receiver.take(batch, point, () => this.cursor());
  }

  get keys(): readonly string[] {
    return this.inbox.events.map(({ dedupeKey }) => dedupeKey);
  }
}

let nth = 0;
function dispatch(type: string, data: unknown): GatewayDispatch {
  return { type, data, seq: ++nth };
}

/** In a direct channel, of which nothing has to be asked. */
function said(bench: SessionBench, id: string, fields: object = {}): GatewayDispatch {
  return dispatch('MESSAGE_CREATE', bench.message(id, fields));
}

function command(id: string, fields: object = {}): GatewayDispatch {
  return dispatch('INTERACTION_CREATE', {
    id,
    application_id: applicationId,
    type: 2,
    token: `token-of-${id}`,
    channel_id: channel,
    user: { id: ada, username: 'ada' },
    data: { id: '5', name: 'ask', type: 1 },
    ...fields,
  });
}

describe('a batch of dispatches', () => {
  it('reaches the inbox in order, in one commit with the cursor', async () => {
    const bench = new ReceiverBench();

    const accepted = await bench.take(said(bench, '1'), said(bench, '2'), said(bench, '1'));

    expect(bench.keys).toEqual(['message:1', 'message:2']);
    expect(bench.inbox.offers).toBe(1);
    expect(bench.inbox.cursor).toBe('the cursor');
    expect(accepted.map(({ duplicate }) => duplicate)).toEqual([false, false, true]);
  });

  it('is not taken when the store refuses it, and the cursor stays', async () => {
    const bench = new ReceiverBench();
    bench.inbox.isRefusing = true;

    await expect(bench.take(said(bench, '1'), command('2'))).rejects.toMatchObject({ code: 'unavailable' });

    expect(bench.inbox.cursor).toBeUndefined();
    expect(bench.rest.requests).toEqual([]);
  });

  it('moves the cursor also when nothing of it means anything, and is counted by name', async () => {
    const bench = new ReceiverBench();

    await bench.take(dispatch('PRESENCE_UPDATE', {}), dispatch('PRESENCE_UPDATE', {}), dispatch('x', 1));

    expect(bench.inbox.cursor).toBe('the cursor');
    expect(bench.receiver.unknown).toEqual({ PRESENCE_UPDATE: 2, OTHER: 1 });
  });

  it('counts only so many names', async () => {
    const bench = new ReceiverBench();
    const names = Array.from(
      { length: 300 },
      (_none, index) => `N_${String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))}`,
    );

    await bench.take(...names.map((name) => dispatch(name, {})));

    expect(Object.keys(bench.receiver.unknown)).toHaveLength(200);
  });

  it('waits for what was said before in the same places', async () => {
    const bench = new ReceiverBench();
    const first = Promise.withResolvers<undefined>();
    bench.readFirst = first.promise;
    let elsewhere = 'before';
    bench.cursor = () => elsewhere;

    const done = bench.take(said(bench, '1'));
    await settled();
    const early = bench.keys;
    elsewhere = 'meanwhile';
    first.resolve(undefined);
    await done;

    expect(early).toEqual([]);
    expect(bench.keys).toEqual(['message:1']);
    expect(bench.inbox.cursor).toBe('meanwhile');
  });

  it('is placed before it is accepted', async () => {
    const bench = new ReceiverBench();
    bench.rest.channels.set(channel, { id: channel, type: 11, guild_id: guild, parent_id: '3' });

    await bench.take(said(bench, '1', { guild_id: guild }));

    expect(bench.inbox.events).toMatchObject([{ address: { conversation: '3', thread: channel } }]);
  });

  it('is accepted but for what cannot be placed, which is put off', async () => {
    const bench = new ReceiverBench();
    bench.rest.answers.push(({ route }) => (route === '/channels/{channel}' ? lost : undefined));
    const unplaced = said(bench, '1', { guild_id: guild });

    const done = bench.take(
      unplaced,
      said(bench, '2', { channel_id: '5' }),
      command('3', { guild_id: guild }),
    );
    await bench.clock.pass(60_000);
    await done;

    expect(bench.keys.toSorted()).toEqual(['interaction:3', 'message:2']);
    expect(bench.putOff).toEqual([unplaced.data]);
    expect(bench.inbox.cursor).toBe('the cursor');
  });

  it('names reactions by the session without giving it away', async () => {
    const bench = new ReceiverBench();
    const data = { user_id: ada, channel_id: channel, message_id: '1', emoji: { id: null, name: '👍' } };
    const reaction = dispatch('MESSAGE_REACTION_ADD', data);

    await bench.take(reaction, { ...reaction }, { ...reaction, seq: reaction.seq + 1_000 });

    expect(bench.keys).toHaveLength(2);
    expect(JSON.stringify(bench.inbox.events)).not.toContain('the-session');
  });
});

describe('what the gateway tells besides', () => {
  it('is which of our messages has come back', async () => {
    const bench = new ReceiverBench();
    const own = { author: { id: selfId, username: 'bot', bot: true }, nonce: 'n1' };

    await bench.take(said(bench, '1', own), said(bench, '2', { nonce: 'n2' }));

    expect(bench.own).toEqual(['n1 1']);
  });

  it.each([
    ['CHANNEL_UPDATE', { id: channel, type: 0, guild_id: guild }, [channel]],
    ['GUILD_ROLE_UPDATE', { guild_id: guild, role: { id: '5' } }, [undefined]],
    ['GUILD_MEMBER_UPDATE', { guild_id: guild, user: { id: selfId } }, [undefined]],
    ['MESSAGE_REACTION_ADD', {}, []],
  ])('is that permissions may have changed: %s', async (type, data, forgotten) => {
    const bench = new ReceiverBench();

    await bench.take(dispatch(type, data));

    expect(bench.rest.forgotten).toEqual(forgotten);
  });
});

describe('an interaction', () => {
  it('is on disk, with what it takes to answer it, before it is acknowledged', async () => {
    const bench = new ReceiverBench();
    const commit = Promise.withResolvers<undefined>();
    bench.inbox.commitAfter = commit.promise;

    const done = bench.take(command('1'));
    await settled();
    const early = bench.rest.requests.length;
    commit.resolve(undefined);
    await done;

    expect(early).toBe(0);
    expect(bench.rest.requests).toMatchObject([{ route: callback, params: { token: 'token-of-1' } }]);
    expect(bench.keys).toEqual(['interaction:1']);
    expect(await bench.tickets.find('interaction:1')).toMatchObject({ token: 'token-of-1' });
    expect(JSON.stringify(bench.inbox.events)).not.toContain('token-of-1');
  });

  it.each([
    ['a channel has to be asked for first', (bench: ReceiverBench) => said(bench, '2', { guild_id: guild })],
    [
      'something has to be read first',
      (bench: ReceiverBench) => {
        bench.isBehind = true;
        return said(bench, '2');
      },
    ],
  ])('does not wait when %s', async (_what, slow) => {
    const bench = new ReceiverBench();
    const answer = Promise.withResolvers<RestAnswer>();
    const read = Promise.withResolvers<undefined>();
    bench.readFirst = read.promise;
    bench.rest.answers.push(({ method }) => (method === 'GET' ? answer.promise : undefined));

    const done = bench.take(slow(bench), command('1'));
    await settled();
    const early = { keys: bench.keys, asked: bench.rest.requests.map(({ route }) => route) };
    answer.resolve(ok({ id: channel, type: 0, guild_id: guild }));
    read.resolve(undefined);
    await done;

    expect(early.keys).toEqual(['interaction:1']);
    expect(early.asked).toContain(callback);
    expect(bench.keys).toEqual(['interaction:1', 'message:2']);
    expect(bench.rest.requests.filter(({ route }) => route === callback)).toHaveLength(1);
  });

  it('does not wait for the batch before its own either', async () => {
    const bench = new ReceiverBench();
    const read = Promise.withResolvers<undefined>();
    bench.isBehind = true;
    bench.readFirst = read.promise;

    const before = bench.take(said(bench, '2'));
    await settled();
    await bench.receiver.takeAhead(command('1'), point.sessionId);
    const early = { keys: bench.keys, cursor: bench.inbox.cursor };
    await settled();
    const asked = bench.rest.requests.map(({ route }) => route);
    read.resolve(undefined);
    await before;
    await bench.take(command('1'), said(bench, '3'));

    expect(early).toEqual({ keys: ['interaction:1'], cursor: undefined });
    expect(asked).toContain(callback);
    expect(bench.keys).toEqual(['interaction:1', 'message:2', 'message:3']);
    expect(bench.rest.requests.filter(({ route }) => route === callback)).toHaveLength(1);
  });

  it('is acknowledged although the session closes: it is on disk, and would not come again', async () => {
    const bench = new ReceiverBench();
    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));

    await bench.take(command('1'));
    await bench.tickets.acknowledged();

    expect(bench.keys).toEqual(['interaction:1']);
    expect(bench.rest.requests).toMatchObject([{ route: callback }]);
    expect(bench.signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('that could not be accepted ahead is accepted with its batch', async () => {
    const bench = new ReceiverBench();
    bench.inbox.isRefusing = true;
    await expect(bench.receiver.takeAhead(command('1'), point.sessionId)).rejects.toMatchObject({
      code: 'unavailable',
    });
    bench.inbox.isRefusing = false;

    await bench.take(command('1'));

    expect(bench.keys).toEqual(['interaction:1']);
  });

  it('that was answered before the rest of its batch stays answered', async () => {
    const bench = new ReceiverBench();
    bench.isBehind = true;
    bench.readFirst = (async () => {
      await settled();
      const known = await bench.tickets.find('interaction:1');
      await bench.tickets.claim('interaction:1', known!, 'turn_1:0:0');
    })();

    await bench.take(command('1'));

    expect(await bench.tickets.find('interaction:1')).toMatchObject({ answeredBy: 'turn_1:0:0' });
  });

  it('that comes again is one event, is acknowledged again, and stays answered', async () => {
    const bench = new ReceiverBench();
    await bench.take(command('1'));
    const known = await bench.tickets.find('interaction:1');
    await bench.tickets.claim('interaction:1', known!, 'turn_1:0:0');

    await bench.take(command('1'));

    expect(bench.keys).toEqual(['interaction:1']);
    expect(bench.rest.requests.filter(({ route }) => route === callback)).toHaveLength(2);
    expect(await bench.tickets.find('interaction:1')).toMatchObject({ answeredBy: 'turn_1:0:0' });
  });

  it('that is completed from the catalogue is completed once, however often the store refuses its batch', async () => {
    const bench = new ReceiverBench();
    let count = 0;
    bench.completes = ({ interaction }) => {
      if (interaction?.kind !== 'autocomplete') return false;
      count++;
      return true;
    };
    const batch = [command('1', { type: 4 }), said(bench, '2')];
    bench.inbox.isRefusing = true;
    await expect(bench.take(...batch)).rejects.toMatchObject({ code: 'unavailable' });
    bench.inbox.isRefusing = false;

    await bench.take(...batch);

    expect(count).toBe(1);
    expect(bench.keys).toEqual(['message:2']);
  });

  it('that is completed from the catalogue is no event', async () => {
    const bench = new ReceiverBench();
    bench.completes = ({ interaction }) => interaction?.kind === 'autocomplete';

    await bench.take(command('1', { type: 4 }), command('2'));

    expect(bench.keys).toEqual(['interaction:2']);
    expect(bench.rest.requests).toHaveLength(1);
  });
});
