import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { TurnOutput } from '../agents/agent.ts';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { ScriptedAdapter } from '../../test/support/scripted-adapter.ts';
import { AppError } from '../domain/errors.ts';
import type { EventId } from '../domain/ids.ts';
import { currentConnector } from './connector-scope.ts';

afterEach(closeAll);

const paceMs = 1_500;

/** An agent that writes when the test says so. */
class DraftingWorld extends CoreWorld {
  /** What was shown, in order: a new message, or a revision of one. */
  readonly shown: string[] = [];
  reviseTakes: Promise<unknown> = Promise.resolve();
  out!: TurnOutput;
  #end = Promise.withResolvers<undefined>();
  event1!: EventId;

  constructor(adapter = new ScriptedAdapter({ textMax: 20 })) {
    super([], adapter);
    adapter.prepare = (session) => {
      session.send = async ({ key, operation, address }) => {
        this.shown.push(
          operation.op === 'edit'
            ? `${address.message ?? '?'} = ${operation.text}`
            : 'text' in operation
              ? `new ${operation.text}`
              : operation.op,
        );
        return { kind: 'delivered', platformIds: [`p-${key}`] };
      };
      session.revise = async ({ message: id }, text) => {
        await this.reviseTakes;
        this.shown.push(`${id ?? '?'} ~ ${text}`);
      };
    };
    this.run = async (_turn, out) => {
      this.out = out;
      await this.#end.promise;
      return { kind: 'answered' };
    };
  }

  /** A turn is under way. */
  async begin(fields: object = {}): Promise<this> {
    await this.addAgent('helper', { timeoutMs: 600_000 });
    await this.addRule(fields);
    await this.addConnector();
    const engine = await this.start();
    await settled();
    const [id] = await this.accept(engine, message({ text: 'hello' }));
    this.event1 = id!;
    await settled();
    return this;
  }

  async end(): Promise<void> {
    this.#end.resolve(undefined);
    await settled();
    await settled();
  }

  async draft(text: string, ahead?: number): Promise<void> {
    this.out.draft(text, ahead);
    await settled();
  }

  draftId(slot = 0): string {
    return `p-turn_${this.event1.slice(4)}:${slot}:draft`;
  }
}

describe('a draft', () => {
  it('is a message like any other, and then revised in place at a pace', async () => {
    const world = await new DraftingWorld().begin();

    await world.draft('a');
    await world.draft('ab');
    await world.draft('abc');
    const first = [...world.shown];
    await world.clock.pass(paceMs - 1);
    const early = [...world.shown];
    await world.clock.pass(1);

    expect(first).toEqual(['new a']);
    expect(early).toEqual(first);
    expect(world.shown).toEqual(['new a', `${world.draftId()} ~ abc`]);
  });

  it('is finished by the end of the turn, in place', async () => {
    const world = await new DraftingWorld().begin();
    await world.draft('a');

    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    expect(world.shown).toEqual(['new a', `${world.draftId()} = abcd`]);
    expect(await world.event(world.event1)).toMatchObject({ state: 'done' });
  });

  it('that is on its way is waited for, so that it cannot come after the whole', async () => {
    const world = await new DraftingWorld().begin();
    await world.draft('a');
    const slow = Promise.withResolvers<undefined>();
    world.reviseTakes = slow.promise;
    await world.draft('ab');
    await world.clock.pass(paceMs);

    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();
    const early = [...world.shown];
    slow.resolve(undefined);
    await settled();
    await settled();

    expect(early).toEqual(['new a']);
    expect(world.shown).toEqual(['new a', `${world.draftId()} ~ ab`, `${world.draftId()} = abcd`]);
  });

  it.each([
    ['that stops when told to', (signal: AbortSignal) => once(signal, 'abort').then(() => undefined)],
    ['that does not listen', () => new Promise<void>(() => undefined)],
  ])('is not waited for without end, by a connector %s', async (_which, revise) => {
    const world = await new DraftingWorld().begin();
    await world.draft('a');
    world.adapter.session.revise = (_address, _text, signal) => revise(signal);
    await world.draft('ab');
    await world.clock.pass(paceMs);

    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();
    await world.clock.pass(21_000);

    expect(world.shown).toEqual(['new a', `${world.draftId()} = abcd`]);
  });

  it('is known to be the connector’s own doing', async () => {
    const world = await new DraftingWorld().begin();
    const culprit = Promise.withResolvers<unknown>();
    await world.draft('a');
    world.adapter.session.revise = async () => void setImmediate(() => culprit.resolve(currentConnector()));

    await world.draft('ab');
    await world.clock.pass(paceMs);

    expect(await culprit.promise).toBe('echo:default');
    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();
  });

  it('shows the beginning of what does not fit into one message', async () => {
    const world = await new DraftingWorld().begin();

    await world.draft('one two three four five six');
    world.out.send({ op: 'send', text: 'one two three four five six' });
    await world.end();

    expect(world.shown).toEqual([
      'new one two three four',
      `${world.draftId()} = one two three four`,
      'new five six',
    ]);
  });

  it('of the second message is beside that of the first', async () => {
    const world = await new DraftingWorld().begin();

    await world.draft('a');
    await world.clock.pass(paceMs);
    await world.draft('b', 1);
    world.out.send({ op: 'send', text: 'a!' });
    world.out.send({ op: 'send', text: 'b!' });
    await world.end();

    expect(world.shown).toEqual(['new a', 'new b', `${world.draftId(0)} = a!`, `${world.draftId(1)} = b!`]);
  });

  it('says nothing when it is blank', async () => {
    const world = await new DraftingWorld().begin();

    await world.draft(' \n ');
    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    expect(world.shown).toEqual(['new abcd']);
  });

  it('after the end of its turn is not shown', async () => {
    const world = await new DraftingWorld().begin();
    await world.draft('a');
    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    await world.draft('ab');
    await world.clock.pass(10 * paceMs);

    expect(world.shown).toHaveLength(2);
  });

  it('is shown again when the connector is back', async () => {
    const world = await new DraftingWorld().begin();
    await world.draft('a');
    world.adapter.onOpen = () => Promise.reject(new AppError('unavailable', 'down'));
    world.adapter.session.end({ kind: 'lost', code: 'session_failed', detail: 'broke' });
    await settled();
    await world.draft('ab');
    await world.clock.pass(paceMs);
    const offline = [...world.shown];

    world.adapter.onOpen = (host) => Promise.resolve(world.adapter.newSession(host));
    await world.clock.pass(10_000);

    expect(offline).toEqual(['new a']);
    expect(world.shown).toEqual(['new a', `${world.draftId()} ~ ab`]);
  });

  it('that the platform refuses leaves the whole to a message of its own', async () => {
    const world = new DraftingWorld();
    const prepare = world.adapter.prepare;
    world.adapter.prepare = (session) => {
      prepare(session);
      const { send } = session;
      session.send = async (part, signal) =>
        part.key.endsWith(':draft')
          ? { kind: 'rejected', code: 'message_invalid', detail: 'No.', scope: 'message' }
          : send(part, signal);
    };
    await world.begin();

    await world.draft('a');
    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    expect(world.shown).toEqual(['new abcd']);
  });

  it('cannot fail a turn', async () => {
    const world = await new DraftingWorld().begin();
    world.adapter.session.revise = () => Promise.reject(new Error('A bug in an adapter.'));
    await world.draft('a');
    await world.draft('ab');
    await world.clock.pass(paceMs);

    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    expect(world.shown).toEqual(['new a', `${world.draftId()} = abcd`]);
    expect(world.log.eventsAt('warn')).toContain('draft.not_shown');
  });
});

describe('no draft is shown', () => {
  it('where a message cannot be changed in place', async () => {
    const adapter = new ScriptedAdapter({ textMax: 20, unsupported: ['edit'] });
    const world = await new DraftingWorld(adapter).begin();

    await world.draft('a');
    world.out.send({ op: 'send', text: 'abcd' });
    await world.end();

    expect(world.shown).toEqual(['new abcd']);
  });

  it.each([
    ['goes to another place', { replyTo: { connector: 'echo:default', conversation: 'elsewhere' } }],
    ['begins with a prefix', { responsePrefix: '[bot] ' }],
  ])('where the answer %s', async (_what, fields) => {
    const world = await new DraftingWorld().begin(fields);

    await world.draft('a');
    await world.clock.pass(paceMs);

    expect(world.shown).toEqual([]);
  });
});
