import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/daemon.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import type { Attachment } from '../domain/inbound-event.ts';
import type { Store } from '../store/store.ts';
import type { Attachments } from './attachments.ts';
import { AttachmentsWorld, filesIn, picture, serve, typesIn } from '../../test/support/attachments-world.ts';

afterEach(closeAll);

const never = new AbortController().signal;
const zip = Buffer.from('504b03040a000000000000000000', 'hex');

describe('the files that come with a message', () => {
  let world: AttachmentsWorld;
  let attachments: Attachments;

  beforeEach(async () => {
    world = new AttachmentsWorld();
    attachments = await world.begin();
  });

  it('are taken when the operator has asked for it, and not otherwise', async () => {
    const leased = world.leased({});
    const { policy } = world;
    world.policy = undefined;

    const without = await attachments.take(leased, never);
    world.policy = policy;
    const withThem = await attachments.take(leased, never);

    expect(without).toBe(leased.event);
    expect(typesIn(withThem)).toEqual(['image/png']);
    expect(world.requests).toHaveLength(1);
  });

  it('are what their bytes are, whatever the platform says', async () => {
    world.answers.set('/a1', serve(Buffer.from('just words'), 200, { 'content-type': 'image/png' }));
    const id = createHash('sha256').update('just words').digest('hex');

    const event = await attachments.take(world.leased({ contentType: 'image/png', kind: 'image' }), never);

    expect(filesIn(event)[0]).toMatchObject({
      contentType: 'image/png',
      artifact: { id, contentType: 'text/plain', sizeBytes: 10 },
    });
    expect(world.onDisk()).toEqual([id]);
  });

  it('are asked for with no credential', async () => {
    await attachments.take(world.leased({}), never);

    const { authorization, cookie } = world.requests[0]!.headers;
    expect([authorization, cookie]).toEqual([undefined, undefined]);
  });

  it('are kept once, however often the same bytes come', async () => {
    const first = await attachments.take(world.leased({}, {}), never);
    const second = await attachments.take(world.leased({}), never);

    expect([...typesIn(first), ...typesIn(second)]).toEqual(Array(3).fill('image/png'));
    expect(world.onDisk()).toHaveLength(1);
    expect(await world.store.artifacts.getArtifactBytes()).toBe(64);
  });

  it('are taken once, also when the turn is tried again', async () => {
    const leased = world.leased({}, {});
    world.answers.set('/a2', serve(Buffer.from(''), 503));
    await attachments.take(leased, never);
    world.answers.delete('/a2');

    const event = await attachments.take({ ...leased, attempt: 2 }, never);

    expect(typesIn(event)).toEqual(['image/png', 'image/png']);
    expect(world.requests.map(({ url }) => url)).toEqual(['/a1', '/a2', '/a2']);
  });

  it.each<readonly [string, (world: AttachmentsWorld) => Partial<Attachment>, string]>([
    [
      'whose type is not taken',
      (w) => {
        w.answers.set('/a1', serve(zip, 200, { 'content-type': 'image/png' }));
        return { name: 'picture.png' };
      },
      'attachment_type_refused',
    ],
    ['that say that they are too large', () => ({ sizeBytes: 100_001 }), 'attachment_too_large'],
    [
      'that are larger than they say',
      (w) => {
        w.answers.set('/a1', serve(picture(100_001)));
        return { sizeBytes: 10 };
      },
      'attachment_too_large',
    ],
    [
      'that are too large and do not say so',
      (w) => {
        w.answers.set('/a1', (response) => {
          response.write(picture(60_000));
          response.end(picture(60_000));
        });
        return {};
      },
      'attachment_too_large',
    ],
    ['without an address', () => ({ url: undefined as never }), 'attachment_unavailable'],
    [
      'whose address has run out',
      (w) => {
        w.answers.set('/a1', serve(picture(), 404));
        return {};
      },
      'attachment_unavailable',
    ],
    [
      'that were moved',
      (w) => {
        w.answers.set('/a1', serve(picture(), 302, { location: w.url('/moved') }));
        return {};
      },
      'attachment_unavailable',
    ],
    [
      'that break off half-way',
      (w) => {
        w.answers.set('/a1', (response) => {
          response.writeHead(200, { 'content-length': '1000' });
          response.write(picture(500), () => response.destroy());
        });
        return {};
      },
      'attachment_unavailable',
    ],
    ['at another host', () => ({ url: 'http://localhost:1/a1' }), 'attachment_unavailable'],
    ['that are no address at all', () => ({ url: 'file:///etc/passwd' }), 'attachment_unavailable'],
  ])('are left out when it is one %s, and it is noted why', async (_what, prepare, reason) => {
    const leased = world.leased(prepare(world));

    const event = await attachments.take(leased, never);

    expect(typesIn(event)).toEqual([undefined]);
    expect(await world.reasons(leased)).toEqual([reason]);
    expect(world.onDisk()).toEqual([]);
    expect(world.requests.map(({ url }) => url)).not.toContain('/moved');
    const steps = await world.store.journal.listSubject(leased.eventId, 10);
    expect(steps).toMatchObject([{ kind: 'attachment.taken', data: { attachment: 'a1', code: reason } }]);
  });

  it('are never taken from a private address, unless that is wanted too', async () => {
    world.policy = { hosts: ['127.0.0.1'], allowPrivate: false, allowHttp: true };
    const leased = world.leased({});

    await attachments.take(leased, never);

    expect(await world.reasons(leased)).toEqual(['attachment_unavailable']);
    expect(world.requests).toEqual([]);
  });

  it('are given up when they take too long', async () => {
    world.answers.set('/a1', (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(picture(500));
    });
    const leased = world.leased({});

    const taking = attachments.take(leased, never);
    await until(() => world.onDisk().length > 0 || undefined);
    world.clock.advance(4_999);
    const early = await world.reasons(leased);
    world.clock.advance(1);

    expect(typesIn(await taking)).toEqual([undefined]);
    expect(early).toEqual([]);
    expect(await world.reasons(leased)).toEqual(['attachment_unavailable']);
    expect(world.onDisk()).toEqual([]);
  });

  it('are so many, and no more', async () => {
    const leased = world.leased({}, {}, {}, {}, {});

    const event = await attachments.take(leased, never);
    await attachments.take({ ...leased, attempt: 2 }, never);

    expect(typesIn(event)).toEqual([...Array<string>(4).fill('image/png'), undefined]);
    expect(await world.reasons(leased)).toEqual([
      ...Array<string>(4).fill('attachment_stored'),
      'attachment_too_many',
    ]);
    expect(world.requests).toHaveLength(4);
    expect(await world.store.journal.listSubject(leased.eventId, 10)).toHaveLength(5);
  });

  it('are so many bytes together, and no more', async () => {
    for (const [index, bytes] of [90_000, 70_000, 60_000].entries())
      world.answers.set(`/a${index + 1}`, serve(picture(bytes, index)));
    const leased = world.leased({}, {}, {});

    const event = await attachments.take(leased, never);

    expect(typesIn(event)).toEqual(['image/png', undefined, 'image/png']);
    expect(await world.reasons(leased)).toEqual([
      'attachment_stored',
      'attachment_too_large',
      'attachment_stored',
    ]);
  });

  it('are left out when the store is full, by what they are and not by what they say', async () => {
    const small = world.open({ storeBytesMax: 100 });
    world.answers.set('/a2', serve(picture(64, 2)));
    const leased = world.leased({}, { sizeBytes: 1 }, { url: world.url('/a1') });

    const event = await small.take(leased, never);

    expect(typesIn(event)).toEqual(['image/png', undefined, 'image/png']);
    expect(await world.reasons(leased)).toEqual([
      'attachment_stored',
      'attachment_over_quota',
      'attachment_stored',
    ]);
    expect(world.onDisk()).toHaveLength(1);
  });

  it('are no reason not to answer when they cannot be noted', async () => {
    const broken = world.open({}, failing(world.store, 'putAttachment'));
    const full = world.open({}, failing(world.store, 'putArtifact'));

    const taken = await broken.take(world.leased({}), never);
    const notTaken = await full.take(world.leased({}), never);

    expect(typesIn(taken)).toEqual(['image/png']);
    expect(typesIn(notTaken)).toEqual([undefined]);
    expect(world.log.eventsAt('warn')).toEqual(['attachment.not_noted', 'attachment.failed']);
    expect(world.onDisk()).toHaveLength(1);
  });

  it('are let go of when the daemon stops, and nothing is left', async () => {
    const stop = new AbortController();
    world.answers.set('/a1', (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(picture(500), () => stop.abort(new AppError('unavailable', 'The daemon stops.')));
    });
    const leased = world.leased({});

    await expect(attachments.take(leased, stop.signal)).rejects.toThrow('The daemon stops.');

    await settled();
    expect(world.onDisk()).toEqual([]);
    expect(await world.reasons(leased)).toEqual([]);
  });

  it('and what is said about them hold nothing of their addresses', async () => {
    world.answers.set('/a1?hm=signature', (response) => response.destroy());

    await attachments.take(world.leased({ url: world.url('/a1?hm=signature') }), never);

    expect(
      JSON.stringify(world.log.lines.map((line) => ({ ...line, error: String(line.error) }))),
    ).not.toMatch(/signature|\/a1/);
    expect(world.log.eventsAt('warn')).toEqual(['attachment.failed']);
  });
});

function failing(store: Store, name: 'putAttachment' | 'putArtifact'): Store {
  const fail = () => Promise.reject(new AppError('unavailable', 'The disk is full.'));
  return { ...store, artifacts: { ...store.artifacts, [name]: fail } };
}
