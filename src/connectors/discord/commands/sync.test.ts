import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import type { RestAnswer } from '../rest/request.ts';
import { applicationId, guild, lost, refused, SessionBench, wait } from '../session/session.fixture.ts';
import { AppError } from '../../../domain/errors.ts';
import { Catalogue } from './catalogue.ts';
import { CommandSync } from './sync.ts';

const everywhere = { name: 'deploy', description: 'Deploys something' };
const commands = Catalogue.parse([everywhere]);
const inBoth = Catalogue.parse([everywhere, { ...everywhere, guilds: [guild] }]);
const ofAll = '/applications/{application}/commands';
const ofGuild = '/applications/{application}/guilds/{guild}/commands';
const dayMs = 24 * 60 * 60_000;
const hourMs = 60 * 60_000;

function syncOf({ host, rest }: SessionBench, catalogue = commands, application = applicationId) {
  return new CommandSync({ host, rest, applicationId: application, commands: catalogue });
}

/** Brings the platform up to the catalogue, and says which applications were told something. */
async function run(bench: SessionBench, application: string): Promise<readonly unknown[]> {
  const before = bench.rest.requests.length;
  await syncOf(bench, commands, application).run(bench.closing.signal);
  return bench.rest.requests.slice(before).map(({ params }) => params.application);
}

/** Under way, with what it comes to. */
function start(bench: SessionBench, catalogue = commands) {
  const sync = syncOf(bench, catalogue);
  return { sync, done: sync.run(bench.closing.signal) };
}

/** Lets time go by, and says how much of it went by before it was done, in ms. */
async function waitOut({ clock }: SessionBench, done: Promise<void>): Promise<number | undefined> {
  const startedAt = clock.now();
  let waitedMs: number | undefined;
  void done.then(() => {
    waitedMs = clock.now() - startedAt;
  });
  await clock.pass(8 * dayMs);
  return waitedMs;
}

describe('the catalogue', () => {
  it('is registered for each application once, also when the account goes over to another', async () => {
    const bench = new SessionBench();

    const told = [
      await run(bench, applicationId),
      await run(bench, applicationId),
      await run(bench, '42'),
      await run(bench, '42'),
    ];

    expect(told).toEqual([[applicationId], [], ['42'], []]);
  });

  it('is told to those servers alone for which it has changed', async () => {
    const bench = new SessionBench();
    await start(bench, inBoth).done;
    const changed = Catalogue.parse([everywhere, { ...everywhere, description: 'New', guilds: [guild] }]);

    const { sync, done } = start(bench, changed);
    await done;

    expect(bench.rest.requests.map(({ route }) => route)).toEqual([ofAll, ofGuild, ofGuild]);
    expect(sync.snapshot).toEqual({ state: 'synced', commands: 2, written: 1 });
  });
});

describe('a catalogue that Discord does not take now', () => {
  it.each([
    ['by a 429', wait(20 * hourMs), 20 * hourMs],
    ['by error 30034 with a time', { ...refused(400, 30_034), afterMs: 20 * hourMs }, 20 * hourMs],
    ['by error 30034 without a time', refused(400, 30_034), hourMs],
    ['for more than a day', wait(7 * dayMs), dayMs],
    ['by a refusal that passes', refused(503, 130_000), 2_000],
    ['by an answer that is lost', lost, 2_000],
  ] as const)('is registered later: %s', async (_how, answer: RestAnswer, waitMs) => {
    const bench = new SessionBench();
    bench.rest.fail(ofAll, answer);

    const { sync, done } = start(bench);
    await settled();
    const early = sync.snapshot;
    const retryAt = new Date(bench.clock.now() + waitMs).toISOString();
    const waitedMs = await waitOut(bench, done);

    expect(early).toMatchObject({ state: 'pending', written: 0 });
    expect(early.detail).toContain(`Next try at ${retryAt}`);
    expect(waitedMs).toBe(waitMs);
    expect(bench.rest.requests).toHaveLength(2);
    expect(sync.snapshot).toEqual({ state: 'synced', commands: 1, written: 1 });
  });

  it('is tried for as long as the session lasts, once an hour in the end', async () => {
    const bench = new SessionBench();
    bench.rest.fail(ofAll, lost, 100);

    const { sync, done } = start(bench);
    await waitOut(bench, done);

    expect(bench.rest.requests).toHaveLength(101);
    expect(sync.snapshot.state).toBe('synced');
    const retries = bench.log.lines.flatMap((line) =>
      typeof line.retry_at === 'number' ? line.retry_at : [],
    );
    expect(retries.at(-1)! - retries.at(-2)!).toBe(hourMs);
  });

  it('holds up no other scope', async () => {
    const bench = new SessionBench();
    bench.rest.fail(ofAll, wait(dayMs));

    const { sync, done } = start(bench, inBoth);
    await settled();

    expect(bench.rest.requests.map(({ route }) => route)).toEqual([ofAll, ofGuild]);
    expect(sync.snapshot).toMatchObject({ state: 'pending', written: 1 });
    await waitOut(bench, done);
    expect(sync.snapshot).toMatchObject({ state: 'synced', written: 2 });
  });

  it('is left to the next session when this one is closed', async () => {
    const bench = new SessionBench();
    bench.rest.fail(ofAll, wait(dayMs));

    const { done } = start(bench);
    await settled();
    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));
    await done;

    expect(bench.clock.pending).toBe(0);
    expect(bench.rest.requests).toHaveLength(1);
    expect(bench.log.eventsAt('error')).toEqual([]);
    expect(await bench.notes.get('commands:global')).toBeUndefined();
  });

  it.each([
    ['does not answer', 'unavailable'],
    ['cannot be written to while the vault is locked', 'vault_locked'],
  ] as const)('waits for a store that %s', async (_why, code) => {
    const bench = new SessionBench();
    const { notes } = bench.host;
    let failures = 3;
    const host = {
      ...bench.host,
      notes: {
        ...notes,
        put: async (...note: Parameters<typeof notes.put>) => {
          if (failures-- > 0) throw new AppError(code, 'Not now.');
          await notes.put(...note);
        },
      },
    };

    const sync = new CommandSync({ host, rest: bench.rest, applicationId, commands });
    await waitOut(bench, sync.run(bench.closing.signal));

    expect(sync.snapshot).toEqual({ state: 'synced', commands: 1, written: 1 });
    expect(bench.rest.requests).toHaveLength(1);
  });
});

describe('a catalogue that cannot be sent now', () => {
  it.each([
    [
      'for a vault that is locked',
      new AppError('vault_locked', 'The vault is locked.'),
      'The vault is locked.',
    ],
    ['for a fault of our own', new TypeError('x is not a function'), 'Unexpected error.'],
  ])('is registered later, and holds up no other scope: %s', async (_why, error, detail) => {
    const bench = new SessionBench();
    let failures = 3;
    bench.rest.answers.push(({ route }) => {
      if (route === ofAll && failures-- > 0) throw error;
      return undefined;
    });

    const { sync, done } = start(bench, inBoth);
    await settled();
    const early = sync.snapshot;
    const waitedMs = await waitOut(bench, done);

    expect(early).toMatchObject({ state: 'pending', written: 1 });
    expect(early.detail).toContain(`global: ${detail}`);
    expect(waitedMs).toBe(2_000 + 4_000 + 8_000);
    expect(sync.snapshot).toEqual({ state: 'synced', commands: 2, written: 2 });
  });
});

describe('a server that the bot has left', () => {
  const inGuild = Catalogue.parse([{ ...everywhere, guilds: [guild] }]);
  const none = Catalogue.parse([]);

  it.each([
    [403, 50_001],
    [404, 10_004],
  ])('has no commands to be emptied, and is not told of it again: %i, %i', async (status, code) => {
    const bench = new SessionBench();
    await start(bench, inGuild).done;
    bench.rest.fail(ofGuild, refused(status, code), 100);

    const first = start(bench, none);
    await first.done;
    const second = start(bench, none);
    await second.done;

    const synced = { state: 'synced', commands: 0, written: 0 };
    expect([first.sync.snapshot, second.sync.snapshot]).toEqual([synced, synced]);
    expect(bench.rest.requests).toHaveLength(2);
  });

  it('is told anew when it has commands again', async () => {
    const bench = new SessionBench();
    await start(bench, inGuild).done;
    bench.rest.fail(ofGuild, refused(403, 50_001));
    await start(bench, none).done;

    const again = start(bench, inGuild);
    await again.done;

    expect(again.sync.snapshot).toEqual({ state: 'synced', commands: 1, written: 1 });
    await start(bench, none).done;
    expect(bench.rest.requests).toHaveLength(4);
  });
});

describe('a catalogue that Discord refuses', () => {
  it('is not tried again, says why, and leaves the other scopes alone', async () => {
    const bench = new SessionBench();
    bench.rest.fail(ofGuild, refused(403, 50_001), 100);

    const { sync, done } = start(bench, inBoth);
    await done;
    await bench.clock.pass(dayMs);

    expect(bench.rest.requests.map(({ route }) => route)).toEqual([ofAll, ofGuild]);
    expect(sync.snapshot).toMatchObject({ state: 'failed', written: 1 });
    expect(sync.snapshot.detail).toMatch(new RegExp(`^${guild}: .* scope applications.commands.* Invite`));
    expect(bench.log.eventsAt('warn')).toEqual(['commands.not_registered']);
  });

  it('is told again in the next session', async () => {
    const bench = new SessionBench();
    bench.rest.fail(ofAll, refused(400, 50_035));

    const first = start(bench);
    await first.done;
    const second = start(bench);
    await second.done;

    expect(first.sync.snapshot).toMatchObject({ state: 'failed', detail: 'global: refused with 400' });
    expect(second.sync.snapshot.state).toBe('synced');
  });

  it('is known to be one where the guard of outgoing requests forbids it', async () => {
    const bench = new SessionBench();
    bench.rest.fail(
      ofAll,
      { kind: 'failed', sent: false, detail: 'That host is not allowed.', forbidden: true },
      9,
    );

    const { sync, done } = start(bench);
    await done;

    expect(bench.rest.requests).toHaveLength(1);
    expect(sync.snapshot).toMatchObject({ state: 'failed', detail: 'global: That host is not allowed.' });
  });
});
