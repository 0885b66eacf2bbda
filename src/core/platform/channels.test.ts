import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { closeAll } from '../../../test/support/egress.ts';
import { message } from '../../../test/support/events.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import {
  failed,
  OutboxWorld,
  type OutboxScript,
  refused,
  unauthenticated,
} from '../../../test/support/outbox-world.ts';
import { AppError } from '../../domain/errors.ts';
import { connectorId, type NextId } from '../../domain/ids.ts';
import type { Engine } from '../engine.ts';
import { Channels } from './channels.ts';

const id = connectorId('echo', 'default');
const other = connectorId('echo', 'other');

afterEach(closeAll);

class ChannelsWorld extends OutboxWorld {
  engine!: Engine;
  channels!: Channels;

  async begin(): Promise<this> {
    await this.addConnector(id);
    await this.addConnector(other);
    this.engine = await this.startOutbox();
    const { store, adapters, clock } = this;
    let made = 0;
    const nextId = ((prefix: string) => `${prefix}_${++made}`) as NextId;
    const { supervisor } = this.engine;
    this.channels = new Channels({ store, supervisor, adapters, clock, nextId });
    return this;
  }

  async statesOf(...keys: readonly string[]): Promise<readonly string[]> {
    await settled();
    return Promise.all(keys.map((key) => this.stateOf(key)));
  }
}

const begun = (script: OutboxScript = {}): Promise<ChannelsWorld> => new ChannelsWorld(script).begin();

describe('a queue that is paused', () => {
  it('keeps what is sent, over all conversations, and the other connectors go on', async () => {
    const world = await begun();

    const view = await world.channels.pause(id, 'Maintenance.');
    await world.send('one', 'hello', { conversation: 'room-1' });
    await world.send('two', 'hello', { conversation: 'room-2' });
    await world.send('three', 'hello', { connector: other });

    expect(view).toMatchObject({ paused: true, pauseReason: 'Maintenance.' });
    expect(await world.statesOf('one', 'two', 'three')).toEqual(['pending', 'pending', 'delivered']);
    expect((await world.channels.get(id)).queue).toMatchObject({ pending: 2 });
  });

  it('takes messages in all the same', async () => {
    const world = await begun();
    await world.addAgent();
    await world.addRule();
    await world.channels.pause(id, 'Maintenance.');

    const [event] = await world.accept(world.engine, message());
    await settled();

    expect((await world.event(event)).state).toBe('done');
    expect(world.sentTexts).toEqual([]);
  });

  it('goes on where it stood when it is resumed', async () => {
    const world = await begun();
    await world.channels.pause(id, 'Maintenance.');
    for (const text of ['one', 'two', 'three']) await world.send(text, text);

    const view = await world.channels.resume(id);
    await settled();

    expect(view.paused).toBe(false);
    expect(world.sentTexts).toEqual(['one', 'two', 'three']);
  });

  it('stays paused over a restart of the daemon', async () => {
    const world = await begun();
    await world.channels.pause(id, 'Maintenance.');
    await world.stop(world.engine);

    await world.startOutbox('daemon-2');
    await world.send('one', 'hello');

    expect(await world.statesOf('one')).toEqual(['pending']);
  });
});

describe('a queue that is drained', () => {
  it('lets out what was pending, and keeps what comes later', async () => {
    const world = await begun();
    await world.channels.pause(id, 'Maintenance.');
    await world.send('before', 'hello');

    const { parts, queue } = await world.channels.drain(id);
    await world.until(async () => (await world.stateOf('before')) === 'delivered');
    await world.send('after', 'hello');

    expect([parts, queue.paused]).toEqual([1, true]);
    expect(await world.statesOf('before', 'after')).toEqual(['delivered', 'pending']);
  });

  it('does not wait for what waits for another attempt', async () => {
    const world = await begun({ answers: [{ ...failed, afterMs: 60_000 }] });
    await world.send('one', 'hello');
    await settled();

    await world.channels.drain(id);

    expect(await world.statesOf('one')).toEqual(['delivered']);
  });
});

describe('a queue that is on hold', () => {
  it('says why, and is let go by whoever has mended that', async () => {
    const world = await begun({ answers: [unauthenticated] });
    await world.send('one', 'hello');
    await settled();
    const held = (await world.channels.get(id)).queue;

    await world.channels.resume(id);

    expect(held).toMatchObject({ holdReason: 'unauthenticated', pending: 1, paused: false });
    expect(await world.statesOf('one')).toEqual(['delivered']);
  });

  it('is tried again with the session when that is blocked too', async () => {
    const world = await begun();
    world.adapter.onOpen = () => Promise.reject(new AppError('unauthenticated', 'No.'));
    await world.engine.supervisor.restart(id);
    await settled();
    const blocked = (await world.channels.get(id)).status;
    world.adapter.onOpen = (host) => Promise.resolve(world.adapter.newSession(host));

    await world.channels.resume(id);
    await settled();

    expect(blocked).toMatchObject({ state: 'blocked', code: 'unauthenticated' });
    expect((await world.channels.get(id)).status.state).toBe('running');
  });
});

describe('a connector', () => {
  it('is shown with its state, its restarts and its counts', async () => {
    const world = await begun({ answers: [refused] });
    await world.send('bad', ['one', 'two']);
    await settled();
    world.adapter.sessions[0]?.end({ kind: 'lost', code: 'session_failed', detail: 'The line broke.' });
    await settled();

    const [shown, untouched] = await world.channels.list();

    expect(shown).toMatchObject({
      id,
      enabled: true,
      restarts: 1,
      status: { state: 'backoff', code: 'session_failed', detail: 'The line broke.' },
      queue: { pending: 0, dead: 1, held: 1, paused: false },
    });
    expect(untouched).toMatchObject({ id: other, restarts: 0, status: { state: 'running' } });
  });

  it('is added, and runs at once', async () => {
    const world = await begun();

    const view = await world.channels.save('echo:new', { config: {}, enabled: true });
    await settled();

    expect(view).toMatchObject({ id: 'echo:new', enabled: true });
    expect((await world.channels.get('echo:new')).status.state).toBe('running');
  });

  it.each([
    ['an id that is none', 'echo', {}, 'invalid_request'],
    ['a kind that is not there', 'nope:x', {}, 'invalid_request'],
    ['a secret reference that is none', 'echo:x', { secretRef: 'no ref' }, 'invalid_request'],
  ] as const)('is not added with %s', async (_what, name, fields, code) => {
    const world = await begun();

    const adding = world.channels.save(name, { config: {}, enabled: true, ...fields });

    await expect(adding).rejects.toMatchObject({ code });
    expect(await world.channels.list()).toHaveLength(2);
  });

  it('is not changed to settings that do not fit', async () => {
    const world = await begun();
    Object.assign(world.adapter, { configSchema: z.strictObject({ url: z.url() }) });

    const saving = world.channels.save(id, { config: { url: 'no url' }, enabled: true });

    await expect(saving).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await world.channels.get(id)).config).toEqual({});
  });

  it('that is switched off keeps its queue, and goes on when it is switched on', async () => {
    const world = await begun();
    const off = await world.channels.setEnabled(id, false);
    await world.send('one', 'hello');
    const meanwhile = await world.statesOf('one');

    await world.channels.setEnabled(id, true);
    await world.untilIs('delivered', 'one');

    expect([off.status.state, meanwhile]).toEqual(['disabled', ['pending']]);
  });

  it('that is removed ends its session and everything that was pending', async () => {
    const world = await begun();
    await world.channels.pause(id, 'Maintenance.');
    const [part] = await world.send('one', 'hello');

    await world.channels.remove(id);

    expect(await world.part(part)).toMatchObject({ state: 'discarded', reason: 'connector_removed' });
    await expect(world.channels.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(world.adapter.sessions[0]?.closeCalls).toBe(1);
    expect((await world.channels.get(other)).status.state).toBe('running');
  });

  it('that is not there is not found, whatever is asked of it', async () => {
    const { channels } = await begun();
    const nobody = 'echo:nobody';
    const asked = [
      channels.get(nobody),
      channels.setEnabled(nobody, true),
      channels.remove(nobody),
      channels.pause(nobody, 'x'),
      channels.resume(nobody),
      channels.drain(nobody),
      channels.logs(nobody, { limit: 1 }),
    ];

    for (const answer of await Promise.allSettled(asked))
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
  });
});

describe('a message that is made up', () => {
  const made = {
    conversation: 'room',
    text: 'hello',
    sender: 'ada',
    senderIsBot: false,
    direct: true,
    mentionsSelf: false,
  };

  it('goes the session’s own way in', async () => {
    const world = await begun();
    const { host } = world.adapter.sessions[0]!;
    const asked: unknown[] = [];
    Object.assign(world.adapter.sessions[0]!, {
      simulate: (simulated: unknown) => {
        asked.push(simulated);
        return host.accept([message({ address: { connector: id, conversation: 'room', message: 'm1' } })]);
      },
    });

    const accepted = await world.channels.test(id, made);

    expect(asked).toEqual([{ ...made, messageId: 'test_1' }]);
    expect((await world.event(accepted.id)).event).toMatchObject({ type: 'message.created' });
  });

  it('is refused by a kind that cannot, and by one that is down', async () => {
    const world = await begun();
    await expect(world.channels.test(id, made)).rejects.toMatchObject({ code: 'unsupported' });

    await world.channels.setEnabled(id, false);

    await expect(world.channels.test(id, made)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('waits a moment for a session that is just being opened', async () => {
    const world = await begun();
    const opening = Promise.withResolvers<never>();
    world.adapter.onOpen = () => opening.promise;
    await world.engine.supervisor.restart(id);
    await settled();
    let answer = '';

    void world.channels.test(id, made).catch((error: unknown) => (answer = AppError.from(error).code));
    await world.clock.pass(2_000);
    const early = answer;
    await world.clock.pass(1_020);

    expect([early, answer]).toEqual(['', 'unavailable']);
  });
});
