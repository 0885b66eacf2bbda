import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../inbound/inbound-context.ts';
import { Places } from './places.ts';
import { channel, guild, lost, refused, SessionBench } from './session.fixture.ts';

const parent = '800000000000000009';
const dispatch: Dispatch = { type: 'MESSAGE_CREATE', data: { guild_id: guild, channel_id: channel } };
const ofRoles: Dispatch = {
  ...dispatch,
  data: { guild_id: guild, channel_id: channel, mention_roles: ['5'] },
};

function open() {
  const bench = new SessionBench();
  const { rest, directory, clock, closing } = bench;
  const places = new Places({ rest, directory, clock });
  const learn = (what = dispatch): Promise<boolean> => places.learn(what, closing.signal);
  return { bench, places, learn };
}

describe('a place that the gateway has not told of', () => {
  it('is asked for once, and known from then on', async () => {
    const { bench, places, learn } = open();
    bench.rest.channels.set(channel, { id: channel, type: 11, guild_id: guild, parent_id: parent });

    const before = places.isMissing(dispatch);
    await learn();
    await learn();

    expect(before).toBe(true);
    expect(places.isMissing(dispatch)).toBe(false);
    expect(bench.directory.channel(channel)).toMatchObject({ type: 11, parent_id: parent });
    expect(bench.rest.asked).toEqual([`GET /channels/${channel}`]);
  });

  it('is asked for with the roles of its guild, where roles are mentioned', async () => {
    const { bench, learn } = open();
    bench.rest.channels.set(channel, { id: channel, type: 0, guild_id: guild });
    bench.rest.answers.push(({ route }) =>
      route === '/guilds/{guild}/roles'
        ? { kind: 'ok', status: 200, body: [{ id: '5', tags: { bot_id: '900000000000000001' } }] }
        : undefined,
    );

    await learn(ofRoles);

    expect(bench.directory.selfRoles(guild)).toEqual(['5']);
    expect(bench.rest.asked).toEqual([`GET /channels/${channel}`, `GET /guilds/${guild}/roles`]);
  });

  it('is not asked for again when the platform will not tell', async () => {
    const { bench, places, learn } = open();

    await learn();
    await learn();

    expect(places.isMissing(dispatch)).toBe(false);
    expect(bench.rest.requests).toHaveLength(1);
  });

  it('is not asked for again when the answer is none', async () => {
    const { bench, learn } = open();
    bench.rest.answers.push(() => ({ kind: 'ok', status: 200, body: 'hello' }));

    await learn();
    await learn();

    expect(bench.rest.requests).toHaveLength(1);
  });

  it('is not guessed when the platform does not answer, and asked for again later', async () => {
    const { bench, places, learn } = open();
    bench.rest.fail('/channels/{channel}', lost, 6);

    const outcome = learn();
    await bench.clock.pass(8_000);
    const [isKnown, isMissing] = [await outcome, places.isMissing(dispatch)];
    const isKnownAtOnce = await learn();
    const asked = bench.rest.requests.length;
    await bench.clock.pass(30_000);

    expect([isKnown, isMissing, isKnownAtOnce, asked]).toEqual([false, true, false, 6]);
    expect(await learn()).toBe(true);
  });

  it('is not guessed when the token is not accepted', async () => {
    const { bench, places, learn } = open();
    bench.rest.answers.push(() => refused(401));

    await expect(learn()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(places.isMissing(dispatch)).toBe(true);
  });

  it('does not make others wait when the platform answers nothing', async () => {
    const { bench, places, learn } = open();
    bench.rest.answers.push(() => lost);
    const at = (id: string): Dispatch => ({ ...dispatch, data: { guild_id: guild, channel_id: id } });

    const first = [learn(at('11')), learn(at('12'))];
    await bench.clock.pass(8_000);
    await Promise.all(first);
    const before = bench.rest.requests.length;
    const isKnown = await learn(at('13'));

    expect([isKnown, bench.rest.requests.length - before]).toEqual([false, 0]);
    expect(places.isMissing(at('13'))).toBe(true);
  });

  it('is waited for when the platform is slow', async () => {
    const { bench, learn } = open();
    bench.rest.channels.set(channel, { id: channel, type: 0, guild_id: guild });
    bench.rest.fail('/channels/{channel}', lost, 3);

    const done = learn();
    await bench.clock.pass(5_000);
    await done;

    expect(bench.directory.channel(channel)).toBeDefined();
  });
});
