import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../test/support/egress.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import type { ReadAnswer, ReadRequest, SearchRequest } from '../../connectors/operations.ts';
import { AppError } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { begun, connector, minuteMs, type OperationsWorld } from './operations.fixture.ts';

afterEach(closeAll);

const one: ReadRequest = { conversation: 'room', limit: 1 };

describe('reading what is on a platform', () => {
  it('finds places, people and messages as they were pasted', async () => {
    const world = await begun();
    const asked: (ReadRequest | SearchRequest)[] = [];
    world.onRead = (request) => {
      asked.push(request);
      return Promise.resolve({ kind: 'found', value: { messages: [] } });
    };
    world.adapter.parseLink = (text) => {
      const message = /^(?:https:\/\/echo\.example\/message\/)?(m\d+)$/.exec(text)?.[1];
      return message === undefined ? undefined : { message, dedupeKey: message };
    };

    await world.operations.read(connector, {
      ...{ conversation: 'https://echo.example/conversation/room', thread: '<@aside>', limit: 3 },
      before: 'https://echo.example/message/m7',
    });
    await world.operations.search(connector, { conversation: 'room', author: '<@ada>', limit: 9 });

    expect(asked).toEqual([
      { conversation: 'room', thread: 'aside', before: 'm7', limit: 3 },
      { conversation: 'room', author: 'echo:user:ada', limit: 9 },
    ]);
    await expect(world.operations.read(connector, { ...one, message: '../m1' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it.each<readonly [ReasonCode, string]>([
    ['message_gone', 'not_found'],
    ['destination_unavailable', 'not_found'],
    ['permission_missing', 'forbidden'],
    ['message_invalid', 'invalid_request'],
    ['operation_unsupported', 'unsupported'],
    ['unauthenticated', 'unavailable'],
    ['platform_rejected', 'unavailable'],
  ])('says what %s means for whoever asks', async (reason, code) => {
    const world = await begun();
    world.onRead = () => Promise.resolve({ kind: 'refused', code: reason, detail: 'As the platform says.' });

    const reading = world.operations.read(connector, one);

    await expect(reading).rejects.toMatchObject({ code, message: 'As the platform says.' });
  });

  it('never waits for a limit, and says how long it would be', async () => {
    const world = await begun();
    const answers: ReadAnswer<never>[] = [
      { kind: 'wait', code: 'rate_limited', afterMs: 4_001 },
      { kind: 'wait', code: 'transient_network', afterMs: 1_000 },
    ];
    world.onRead = () => Promise.resolve(answers.shift()!);

    const limited = world.operations.read(connector, one);
    const offline = world.operations.read(connector, one);

    await expect(limited).rejects.toMatchObject({
      code: 'rate_limited',
      message: 'The platform asks to wait for 5 s.',
    });
    await expect(offline).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up on a platform that does not answer, whether or not the adapter does', async () => {
    const world = await begun();
    world.onRead = () => new Promise(() => undefined);

    const reading = world.operations.read(connector, one).catch((error: unknown) => error);
    await world.clock.pass(20_000);

    expect(await reading).toMatchObject({ code: 'timeout' });
  });

  it('needs a connector that is there, can do it, and is live', async () => {
    const world = await begun(new ScriptedAdapter({ unsupported: ['search'] }));
    await world.addConnector('echo:off', { enabled: false });
    const { operations } = world;

    await expect(operations.read('echo:nobody', one)).rejects.toMatchObject({ code: 'not_found' });
    await expect(operations.read('echo:off', one)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(operations.search(connector, one)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'echo:desk: It cannot search.',
    });
  });
});

describe('a change of a message', () => {
  it('that nobody has to approve is made at once', async () => {
    const world = await begun();
    world.seen = { direct: true };

    const answer = await world.mutate();

    expect(answer).toMatchObject({
      state: 'accepted',
      governance: { risk: 'low', needsApproval: false },
      before: { text: 'before' },
    });
    expect(world.applied).toEqual([{ op: 'edit', text: 'afterwards' }]);
    expect(world.adapter.session.sent[0]?.address).toMatchObject({ conversation: 'room', message: 'm1' });
  });

  it('that has to be approved waits, and shows whoever decides what it is about', async () => {
    const world = await begun();

    const id = await world.ask({ reason: 'a typo' });

    expect(world.applied).toEqual([]);
    expect(await world.approvals.get(id)).toMatchObject({
      state: 'pending',
      requester: 'tok_1 ada',
      risk: 'high',
      expiresAt: world.clock.now() + 15 * minuteMs,
      request: {
        conversation: 'room',
        message: 'm1',
        operation: { op: 'edit', text: 'afterwards' },
        reason: 'a typo',
        because: 'edit of a fresh message, by the bot, in a shared conversation, on an account of its own',
        before: 'before',
      },
    });
  });

  it('is made once, when somebody else has approved it', async () => {
    const world = await begun();
    const approval = await world.ask();
    await expect(world.mutate({ approval })).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.approve(approval, 'tok_1 ada')).rejects.toMatchObject({ code: 'forbidden' });
    await world.approve(approval);

    const tries = await Promise.allSettled([world.mutate({ approval }), world.mutate({ approval })]);

    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(world.mutate({ approval })).rejects.toMatchObject({ code: 'conflict' });
    expect(world.applied).toEqual([{ op: 'edit', text: 'afterwards' }]);
    expect(await world.stateOf(approval)).toBe('consumed');
  });

  it('that was denied is not made, and is decided once', async () => {
    const world = await begun();
    const approval = await world.ask();
    await world.approve(approval, 'tok_2 bob', false);

    await expect(world.mutate({ approval })).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.approve(approval, 'tok_3 eve')).rejects.toMatchObject({ code: 'conflict' });

    expect(world.applied).toEqual([]);
  });

  it.each<readonly [string, (world: OperationsWorld) => Parameters<OperationsWorld['mutate']>[0], string]>([
    ['another text', () => ({ operation: { op: 'edit', text: 'something else' } }), 'conflict'],
    ['another operation', () => ({ operation: { op: 'delete' } }), 'conflict'],
    ['another message', () => ({ message: 'm2' }), 'conflict'],
    ['another conversation', () => ({ conversation: 'hall' }), 'conflict'],
    ['a thread', () => ({ thread: 'aside' }), 'conflict'],
    ['somebody else than who asked', () => ({ principal: 'tok_2 bob' }), 'forbidden'],
    [
      'a message that was edited meanwhile',
      (world) => {
        world.seen = { text: 'before all', editedAt: world.clock.now() };
        return {};
      },
      'conflict',
    ],
    [
      'a message by another bot, which is the account now',
      (world) => {
        world.seen = { sender: { id: 'echo:user:other-bot', isSelf: true } };
        return {};
      },
      'conflict',
    ],
  ])('is approved for what it was, and not for %s', async (_what, change, code) => {
    const world = await begun();
    const approval = await world.ask();
    await world.approve(approval);

    const trying = world.mutate({ approval, ...change(world) });

    await expect(trying).rejects.toMatchObject({ code });
    expect(world.applied).toEqual([]);
    expect(await world.stateOf(approval)).toBe('approved');
  });

  it('can be neither approved nor made when its time is over', async () => {
    const world = await begun();
    const forgotten = await world.ask();
    await world.clock.pass(15 * minuteMs);
    const approval = await world.ask();
    await world.approve(approval);
    await world.clock.pass(15 * minuteMs);

    await expect(world.approve(forgotten)).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.mutate({ approval })).rejects.toMatchObject({ code: 'conflict' });

    expect(world.applied).toEqual([]);
    expect(approval).not.toBe(forgotten);
  });

  it('that is asked for again is the same request, and another one takes its place', async () => {
    const world = await begun();
    const first = await world.ask();

    const again = await world.ask();
    const other = await world.ask({ operation: { op: 'edit', text: 'better' } });

    expect(again).toBe(first);
    expect(await world.approvals.get(first)).toMatchObject({ state: 'denied', decidedBy: 'superseded' });
    await expect(world.approve(first)).rejects.toMatchObject({ code: 'conflict' });
    await world.approve(other);
  });

  it('that is only looked at changes nothing, and uses no approval up', async () => {
    const world = await begun();
    const approval = await world.ask();
    await world.approve(approval);

    const answer = await world.mutate({ approval, preview: true });
    const other = await world.mutate({ operation: { op: 'delete' }, preview: true });

    expect(answer).toMatchObject({ state: 'previewed', governance: { needsApproval: true } });
    expect(other.state).toBe('previewed');
    expect(world.applied).toEqual([]);
    expect(await world.stateOf(approval)).toBe('approved');
    expect((await world.approvals.list({}, { limit: 10 })).items).toHaveLength(1);
  });

  it('of a message that is gone is not asked for', async () => {
    const world = await begun();
    world.seen = undefined;

    await expect(world.mutate()).rejects.toMatchObject({ code: 'not_found' });

    expect((await world.approvals.list({}, { limit: 10 })).items).toEqual([]);
  });

  it.each([false, true])('of the words of somebody else is refused at once; preview %s', async (preview) => {
    const world = await begun();
    world.seen = { sender: { id: 'echo:user:eve', isSelf: false } };

    await expect(world.mutate({ preview })).rejects.toMatchObject({
      code: 'unsupported',
      message: "echo:desk can edit only its own messages, and this is somebody else's.",
    });

    expect((await world.approvals.list({}, { limit: 10 })).items).toEqual([]);
    expect((await world.mutate({ preview, operation: { op: 'delete' } })).state).toBe(
      preview ? 'previewed' : 'approval_required',
    );
  });

  it('has to be approved where nobody can look at the message', async () => {
    const world = await begun();
    await world.addConnector('echo:blind');
    await settled();
    const blind = world.adapter.sessions.find(({ host }) => host.connectorId === 'echo:blind');
    delete blind?.read;

    const answer = await world.mutate({ connector: 'echo:blind', operation: { op: 'delete' } });

    expect(answer).toMatchObject({ state: 'approval_required', governance: { risk: 'critical' } });
    expect(answer.before).toBeUndefined();
  });

  it('does not use its approval up when it cannot be stored', async () => {
    const world = await begun();
    const approval = await world.ask();
    await world.approve(approval);
    world.faults.before('outbox.enqueue', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    await expect(world.mutate({ approval })).rejects.toMatchObject({ code: 'unavailable' });
    world.faults.mend();
    const answer = await world.mutate({ approval });

    expect(answer.state).toBe('accepted');
  });
});
