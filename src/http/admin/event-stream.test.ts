import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { openStream, type StreamedEntry } from '../../../test/support/event-stream.ts';
import { addHook, type Hook, postGithub } from '../../../test/support/hooks.ts';
import { streamsMax } from './event-stream.ts';

let daemon: TestDaemon;
let hook: Hook;
let deliveries = 0;

beforeAll(async () => {
  daemon = await openDaemon();
  hook = await addHook(daemon, { id: 'live' });
});
afterAll(closeAll);

/** Makes something happen, and waits until all of it has. */
async function happen(): Promise<void> {
  const { body } = await postGithub(hook, { body: JSON.stringify({ n: ++deliveries }) });
  await daemon.traceUntil(body.event ?? '');
}

async function headId(): Promise<string> {
  const { items } = await daemon.api('GET /events', { query: { limit: 1 } });
  return items[0]?.id ?? '0';
}

/** What the recorder holds after one entry and up to another, oldest first. */
async function recorded(after: string, last: string): Promise<readonly StreamedEntry[]> {
  const { items } = await daemon.api('GET /events', { query: { limit: 500 } });
  return items.filter(({ id }) => Number(id) > Number(after) && Number(id) <= Number(last)).toReversed();
}

describe('the stream', () => {
  it('tells what happens from now on, each entry once and in order', async () => {
    await happen();
    const before = await headId();
    const stream = await openStream(daemon);

    await happen();
    await happen();
    const last = await headId();
    const told = await stream.until(last);

    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(told).toEqual(await recorded(before, last));
    expect(told.map(({ kind }) => kind)).toContain('inbound.accepted');
    await stream.close();
  });

  it('is taken up where it broke off, wherever that was', async () => {
    const before = await headId();
    for (let n = 0; n < 5; n++) await happen();
    const last = await headId();
    const all = await recorded(before, last);

    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }), async (breaks) => {
        const told: StreamedEntry[] = [];
        const position = (): Record<string, string> => ({ 'last-event-id': told.at(-1)?.id ?? before });
        for (const count of breaks) {
          const stream = await openStream(daemon, '', position());
          told.push(...(await stream.take(Math.min(count, all.length - told.length))));
          await stream.close();
        }
        const stream = await openStream(daemon, '', position());
        told.push(...(await stream.take(all.length - told.length)));
        await stream.close();

        expect(told).toEqual(all);
      }),
      { numRuns: 20 },
    );
  });

  it('is taken up across a restart', async () => {
    const stream = await openStream(daemon);
    await happen();
    const [first] = await stream.take(1);

    await daemon.restart();
    hook = { ...hook, url: `${daemon.ingressUrl}${hook.path}` };
    await happen();
    const last = await headId();
    const again = await openStream(daemon, '', { 'last-event-id': first?.id ?? '' });

    expect(await again.until(last)).toEqual(await recorded(first?.id ?? '', last));
    await again.close();
  });

  it('begins where the query says, unless the header knows better', async () => {
    const before = await headId();
    await happen();
    const all = await recorded(before, await headId());
    const [second, third] = [all[1]?.id ?? '', all[2]?.id];

    const byQuery = await openStream(daemon, `?after=${before}`);
    const byHeader = await openStream(daemon, `?after=${before}`, { 'last-event-id': second });

    expect((await byQuery.take(1))[0]?.id).toBe(all[0]?.id);
    expect((await byHeader.take(1))[0]?.id).toBe(third);
    await Promise.all([byQuery.close(), byHeader.close()]);
  });

  it.each([
    ['?source=webhook:live', (entry: StreamedEntry) => entry.source === 'webhook:live'],
    ['?kind=delivery.attempted', (entry: StreamedEntry) => entry.kind === 'delivery.attempted'],
  ])('lets through only what %s asks for, and misses none of it', async (query, isAskedFor) => {
    const before = await headId();
    for (let n = 0; n < 3; n++) await happen();
    const asked = (await recorded(before, await headId())).filter(isAskedFor);

    const stream = await openStream(daemon, query, { 'last-event-id': before });
    const told = await stream.take(asked.length);

    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(told).toEqual(asked);
    await stream.close();
  });

  it.each([
    ['no number', 'x'],
    ['negative', '-1'],
    ['not yet given out', '999999999999999'],
    ['too long', '1'.repeat(40)],
  ])('is refused after an id that is %s', async (_what, id) => {
    const { status, headers } = await daemon.request('/admin/v1/events/stream', {
      headers: { 'last-event-id': id },
    });

    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });

  it('ends soon after its token does', async () => {
    const { id, token } = await daemon.api('POST /tokens', { body: { name: 'brief', scopes: ['read'] } });
    const stream = await openStream(daemon, '', { authorization: `Bearer ${token}` });

    await daemon.api('DELETE /tokens/{id}', { params: { id } });
    await happen();
    const rest: StreamedEntry[] = [];
    for (let entry = await stream.next(); entry; entry = await stream.next()) rest.push(entry);

    // What had been read for it before.
    expect(rest.map(({ kind }) => kind)).not.toContain('inbound.accepted');
  });

  it('is one of so many at once, and gives its place back', async () => {
    const streams = [];
    for (let n = 0; n < streamsMax; n++) streams.push(await openStream(daemon));

    const refused = await daemon.request('/admin/v1/events/stream');
    await streams[0]?.close();
    const taken = await until(async () => {
      const stream = await openStream(daemon);
      return stream.response.ok ? stream : undefined;
    });

    expect(refused.status).toBe(503);
    expect(taken.response.status).toBe(200);
    await Promise.all([...streams, taken].map((stream) => stream.close()));
  });

  it('that nobody reads keeps nobody from what happens', async () => {
    const silent = await openStream(daemon);
    const stream = await openStream(daemon);

    for (let n = 0; n < 10; n++) await happen();
    const told = await stream.until(await headId());

    expect(told.filter(({ kind }) => kind === 'inbound.accepted')).toHaveLength(10);
    await Promise.all([silent.close(), stream.close()]);
  });

  it('ends when the daemon stops, and does not hold it up', async () => {
    const stopped = await openDaemon();
    const stream = await openStream(stopped);

    await stopped.stop();
    let entry = await stream.next();
    while (entry) entry = await stream.next();

    expect(entry).toBeUndefined();
  });
});
