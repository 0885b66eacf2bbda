import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connector, message, sender, webhook } from '../../test/support/events.ts';
import { ScriptedAdapter } from '../../test/support/scripted-adapter.ts';
import type { TurnMessage } from '../agents/agent.ts';
import type { ConnectorAdapter } from '../connectors/connector.ts';
import type { ConnectorId, EventId, TurnId } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { createNextId } from '../lib/ids.ts';
import type { NewPart } from '../store/outbox-store.ts';
import { type Answer, type PlanDeps, planAnswer, planMessage, planReaction, planSilence } from './plan.ts';

const turn = 'turn_1' as TurnId;
const eventId = 'evt_1' as EventId;
const elsewhere = { connector: 'echo:other' as ConnectorId, conversation: 'log', thread: 'today' };

function depsOf(adapter: ConnectorAdapter = new ScriptedAdapter()): PlanDeps {
  return {
    findAdapter: () => adapter,
    configOf: () => undefined,
    nextId: createNextId({ now: () => 0 }, () => 0.5),
  };
}

function say(text = 'hi', fields: Partial<Extract<TurnMessage, { op: 'send' }>> = {}): TurnMessage {
  return { op: 'send', text, ...fields };
}

function plan(fields: Partial<Answer>, adapter?: ConnectorAdapter): readonly NewPart[] {
  const answer = { turn, eventId, event: message(), messages: [say()], ...fields };
  return planAnswer(answer, depsOf(adapter)) ?? [];
}

function textsOf(parts: readonly NewPart[]): readonly string[] {
  return parts.map(({ operation }) => ('text' in operation ? operation.text : operation.op));
}

describe('an answer', () => {
  it('gives each part a key for life: the turn, the slot and the part', () => {
    const parts = plan({ messages: [say('x'.repeat(250)), { op: 'typing' }, say()] });

    expect(parts.map(({ key, part, parts: of }) => [key, part, of])).toEqual([
      ['turn_1:0:0', 1, 3],
      ['turn_1:0:1', 2, 3],
      ['turn_1:0:2', 3, 3],
      ['turn_1:1:0', 1, 1],
      ['turn_1:2:0', 1, 1],
    ]);
    expect(new Set(parts.map(({ message: id }) => id)).size).toBe(3);
    expect(new Set(parts.map(({ id }) => id)).size).toBe(5);
  });

  it('gets the same keys when it is planned again', () => {
    const messages = [say('x'.repeat(250)), say()];

    expect(plan({ messages }).map(({ key }) => key)).toEqual(plan({ messages }).map(({ key }) => key));
  });

  it('remembers the turn and the slot that it came from', () => {
    const [, second] = plan({ messages: [say(), say()] });

    expect(second?.origin).toEqual({ kind: 'turn', turn, event: eventId, slot: 1 });
  });

  it('goes back to where the event came from, and only its first part refers to the message', () =>
    fc.assert(
      fc.property(
        fc.record({
          conversation: fc.string(),
          thread: fc.option(fc.string(), { nil: undefined }),
          own: fc.option(fc.string(), { nil: undefined }),
          length: fc.integer({ min: 1, max: 350 }),
        }),
        ({ conversation, thread, own, length }) => {
          const place = { connector, conversation, ...(thread === undefined ? {} : { thread }) };
          const about = own === undefined ? {} : { message: own };

          const [first, ...others] = plan({
            event: message({ address: { ...place, ...about } }),
            messages: [say('x'.repeat(length))],
          });

          expect(first?.address).toEqual({ ...place, ...about });
          for (const { address } of others) expect(address).toEqual(place);
        },
      ),
    ));

  it('refers to no message where the agent says so', () => {
    const [part] = plan({ messages: [say('hi', { replyTo: 'none' })] });

    expect(part?.address).toEqual({ connector, conversation: 'room' });
  });

  it('goes to where the rule says, for a message and for a webhook, and refers to nothing there', () => {
    for (const event of [message(), webhook()]) {
      const [part] = plan({ event, replyTo: elsewhere });

      expect(part?.address).toEqual(elsewhere);
    }
  });

  it('to a webhook without a place for answers has none, unless there is nothing to say', () => {
    const answer = { turn, eventId, event: webhook(), messages: [say()] };

    expect(planAnswer(answer, depsOf())).toBeUndefined();
    expect(planAnswer({ ...answer, messages: [] }, depsOf())).toEqual([]);
  });

  it('has the prefix of the rule once, before its first text', () => {
    const messages: TurnMessage[] = [{ op: 'react', emoji: '👍' }, say('one'), say('two')];

    expect(textsOf(plan({ messages, responsePrefix: '🤖 ' }))).toEqual(['react', '🤖 one', 'two']);
  });

  it('with its prefix still fits the platform', () => {
    const parts = plan({ messages: [say('x'.repeat(100))], responsePrefix: '🤖 ' });

    for (const text of textsOf(parts)) expect(text.length).toBeLessThanOrEqual(100);
    expect(textsOf(parts).join('')).toContain('🤖');
  });
});

describe('an operation', () => {
  it.each<[TurnMessage, object, string | undefined]>([
    [{ op: 'edit', message: '7', text: 'new' }, { op: 'edit', text: 'new' }, '7'],
    [{ op: 'delete', message: '7' }, { op: 'delete' }, '7'],
    [{ op: 'react', emoji: '👍' }, { op: 'react', emoji: '👍', remove: false }, 'own'],
    [
      { op: 'react', emoji: '👍', message: '7', remove: true },
      { op: 'react', emoji: '👍', remove: true },
      '7',
    ],
    [{ op: 'typing' }, { op: 'typing' }, undefined],
    [say('hi', { extras: { embeds: [] } }), { op: 'send', text: 'hi', extras: { embeds: [] } }, 'own'],
  ])('%j is about the right message', (asked, operation, about) => {
    const event = message({ address: { connector, conversation: 'room', message: 'own' } });

    const [part] = plan({ event, messages: [asked] });

    expect(part?.operation).toEqual(operation);
    expect(part?.address.message).toBe(about);
  });
});

describe('a long text', () => {
  it('is cut by the limit of the platform, and loses nothing', () => {
    const text = 'word '.repeat(100).trim();

    const texts = textsOf(plan({ messages: [say(text)] }));

    for (const each of texts) expect(each.length).toBeLessThanOrEqual(100);
    expect(texts.join(' ').split(/\s+/)).toEqual(text.split(' '));
  });

  it('is cut by the adapter’s own measure, where it has one', () => {
    const split = (): { op: 'send'; text: string }[] => [
      { op: 'send', text: 'one' },
      { op: 'send', text: 'two' },
    ];

    expect(textsOf(plan({}, new ScriptedAdapter({ split })))).toEqual(['one', 'two']);
  });

  it('carries its extras on the first part alone', () => {
    const parts = plan({ messages: [say('x'.repeat(150), { extras: { embeds: [1] } })] });

    expect(parts.map(({ operation }) => 'extras' in operation)).toEqual([true, false]);
  });

  it('of as many parts as a message may have is sent, and one of more is refused and not cut short', () => {
    const most = 'x'.repeat(100 * limits.partsPerMessageMax);

    expect(plan({ messages: [say(most)] })).toHaveLength(limits.partsPerMessageMax);
    expect(() => plan({ messages: [say(`${most}x`)] })).toThrow(
      expect.objectContaining({ code: 'too_large' }) as Error,
    );
  });

  it('for a kind that is not known here is left whole', () => {
    const parts = planMessage(
      {
        key: 'api:1',
        address: { connector, conversation: 'room', message: '7' },
        operation: { op: 'send', text: 'x'.repeat(500) },
        origin: { kind: 'api', principal: 'ops' },
      },
      { ...depsOf(), findAdapter: () => undefined },
    );

    expect(parts.map(({ key, part, parts: of }) => [key, part, of])).toEqual([['api:1:0', 1, 1]]);
  });
});

describe('an acknowledgement', () => {
  const acknowledge = (event: Answer['event'], adapter?: ConnectorAdapter): readonly NewPart[] =>
    planReaction(eventId, event, { name: 'acknowledgement', emoji: '👀', remove: false }, depsOf(adapter));

  it('is put on the message itself', () => {
    const event = message({ address: { connector, conversation: 'room', thread: 't', message: 'own' } });

    const [part, ...others] = acknowledge(event);

    expect(others).toEqual([]);
    expect(part).toMatchObject({
      key: 'turn_1:acknowledgement:0',
      address: event.address,
      operation: { op: 'react', emoji: '👀', remove: false },
    });
  });

  it('is left out where there is nothing to put it on, or the platform cannot', () => {
    const { type: _type, text: _text, ...rest } = message({ sender: sender() });
    const nameless = message({ address: { connector, conversation: 'room' } });

    expect(acknowledge(webhook())).toEqual([]);
    expect(acknowledge({ ...rest, type: 'command', name: 'ask', args: {} })).toEqual([]);
    expect(acknowledge(nameless)).toEqual([]);
    expect(acknowledge(message(), new ScriptedAdapter({ unsupported: ['react'] }))).toEqual([]);
  });
});

describe('an event of which the platform shows that it is being answered', () => {
  const address = {
    connector,
    conversation: 'room',
    thread: 'aside',
    message: 'm1',
    handle: 'interaction:1',
  };
  const event = message({ address });
  const silence = (parts: readonly NewPart[], adapter?: ConnectorAdapter): readonly NewPart[] =>
    planSilence(eventId, event, parts, depsOf(adapter));

  it('and of which nothing comes has that taken back, and no message with it', () => {
    expect(silence([])).toMatchObject([{ key: 'turn_1:silence:0', operation: { op: 'delete' } }]);
    expect(silence([])[0]?.address).toEqual({
      ...{ connector, conversation: 'room', thread: 'aside', handle: 'interaction:1' },
    });
  });

  it('and of which the answer goes elsewhere, or is no message, has it taken back too', () => {
    expect(silence(plan({ event, replyTo: elsewhere }))).toHaveLength(1);
    expect(silence(plan({ event, messages: [{ op: 'react', emoji: '👍' }] }))).toHaveLength(1);
  });

  it('is left alone when its answer takes that place, or the platform cannot take it back', () => {
    expect(silence(plan({ event }))).toEqual([]);
    expect(silence([], new ScriptedAdapter({ unsupported: ['delete'] }))).toEqual([]);
  });

  it('is not any other', () => {
    expect(planSilence(eventId, message(), [], depsOf())).toEqual([]);
    expect(planSilence(eventId, webhook(), [], depsOf())).toEqual([]);
  });
});
