import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import type { AgentId, SourceId } from '../domain/ids.ts';
import { type TurnPlace, TurnPlaces, type TurnPlacesDeps } from './turn-places.ts';

const never = new AbortController().signal;

function placesOf(clock: ManualClock, fields: Partial<TurnPlacesDeps> = {}): TurnPlaces {
  return new TurnPlaces({
    clock,
    perSourceMax: 100,
    waitingMax: 4,
    countAgents: () => 2,
    putOffMsMax: 15_000,
    ...fields,
  });
}

interface Turn {
  readonly agent: string;
  answer: TurnPlace | 'waiting' | 'gave up';
}

function enter(places: TurnPlaces, agent: string, source = 'echo:a', signal = never, concurrency = 1): Turn {
  const turn: Turn = { agent, answer: 'waiting' };
  places.enter({ source: source as SourceId, agent: agent as AgentId, concurrency }, signal).then(
    (answer) => (turn.answer = answer),
    () => (turn.answer = 'gave up'),
  );
  return turn;
}

function stateOf({ answer }: Turn): string {
  if (typeof answer === 'string') return answer;
  return 'leave' in answer ? 'inside' : 'put off';
}

async function enterMany(places: TurnPlaces, agent: string, count: number): Promise<readonly Turn[]> {
  const turns = Array.from({ length: count }, () => enter(places, agent));
  await settled();
  return turns;
}

function leave({ answer }: Turn | undefined = { agent: '', answer: 'gave up' }): void {
  if (typeof answer !== 'string' && 'leave' in answer) answer.leave();
}

it('lets an agent work on as many turns as it may, and the others wait', async () => {
  const places = placesOf(new ManualClock());

  const turns = await enterMany(places, 'slow', 3);

  expect(turns.map(stateOf)).toEqual(['inside', 'waiting', 'waiting']);
});

it('lets no source have more turns with one agent than it may, and leaves the other agents to it', async () => {
  const places = placesOf(new ManualClock(), { perSourceMax: 2 });
  const turns = ['busy', 'busy', 'busy', 'free'].map((agent) => enter(places, agent, 'echo:a', never, 9));

  await settled();

  expect(turns.map(stateOf)).toEqual(['inside', 'inside', 'waiting', 'inside']);
});

it('keeps rows waiting while the line moves, however long it is', async () => {
  const clock = new ManualClock();
  const places = placesOf(clock);
  const turns = await enterMany(places, 'fast', 20);

  for (const turn of turns) {
    await clock.pass(10);
    leave(turn);
  }
  await settled();

  expect(turns.map(stateOf)).toEqual(turns.map(() => 'inside'));
});

describe('an agent whose line does not move', () => {
  it('keeps its share waiting, and what comes beyond it is put off after a while', async () => {
    const clock = new ManualClock();
    const places = placesOf(clock);
    const turns = await enterMany(places, 'slow', 5);

    await clock.pass(999);
    const before = turns.map(stateOf);
    await clock.pass(1);

    expect(before).toEqual(['inside', 'waiting', 'waiting', 'waiting', 'waiting']);
    expect(turns.map(stateOf)).toEqual(['inside', 'waiting', 'waiting', 'put off', 'put off']);
  });

  it('puts off at once what comes later', async () => {
    const clock = new ManualClock();
    const places = placesOf(clock);
    await enterMany(places, 'slow', 3);
    await clock.pass(1_000);

    const [late] = await enterMany(places, 'slow', 1);

    expect(late && stateOf(late)).toBe('put off');
  });

  it('does not hold up another', async () => {
    const clock = new ManualClock();
    const places = placesOf(clock);
    await enterMany(places, 'slow', 10);
    await clock.pass(1_000);

    const [other] = await enterMany(places, 'other', 1);

    expect(other && stateOf(other)).toBe('inside');
  });

  it('is looked at again later, one row after the other, and never later than it may be', async () => {
    const clock = new ManualClock();
    const places = placesOf(clock, { putOffMsMax: 600 });
    await enterMany(places, 'slow', 3);
    await clock.pass(1_000);

    const late = await enterMany(places, 'slow', 40);

    const waits = late.map(({ answer }) =>
      typeof answer !== 'string' && 'comeAgainAt' in answer ? answer.comeAgainAt - clock.now() : -1,
    );
    expect(waits.slice(0, 3)).toEqual([500, 505, 510]);
    expect(waits.at(-1)).toBe(600);
  });

  it('takes rows in again when it moves', async () => {
    const clock = new ManualClock();
    const places = placesOf(clock);
    const [working, ...waiting] = await enterMany(places, 'slow', 3);
    await clock.pass(5_000);

    leave(working);
    await settled();
    const [late] = await enterMany(places, 'slow', 1);

    expect(waiting.map(stateOf)).toEqual(['inside', 'waiting']);
    expect(late && stateOf(late)).toBe('waiting');
  });
});

it('shares the room to wait among the agents', async () => {
  const clock = new ManualClock();
  const places = placesOf(clock, { countAgents: () => 1 });
  const turns = await enterMany(places, 'slow', 6);

  await clock.pass(1_000);

  expect(turns.map(stateOf)).toEqual(['inside', 'waiting', 'waiting', 'waiting', 'waiting', 'put off']);
});

it('lets go of a turn whose lease is lost, in its share or beyond, and leaves no timer', async () => {
  const clock = new ManualClock();
  const places = placesOf(clock);
  const controller = new AbortController();
  enter(places, 'slow');
  const turns = Array.from({ length: 4 }, () => enter(places, 'slow', 'echo:a', controller.signal));
  await settled();

  controller.abort();
  await settled();

  expect(turns.map(stateOf)).toEqual(turns.map(() => 'gave up'));
  expect(clock.pending).toBe(0);
  const [next] = await enterMany(places, 'slow', 1);
  expect(next && stateOf(next)).toBe('waiting');
});
