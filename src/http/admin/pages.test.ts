import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { addHook, type Hook, postGithub } from '../../../test/support/hooks.ts';

let daemon: TestDaemon;
let hook: Hook;

const count = 23;

beforeAll(async () => {
  daemon = await openDaemon();
  hook = await addHook(daemon, { id: 'paged' });
  for (let n = 0; n < count; n++) {
    const { body } = await postGithub(hook, { body: JSON.stringify({ n }) });
    await daemon.traceUntil(body.event ?? '');
    await postGithub(hook, { body: JSON.stringify({ n }), secret: 'a guess' });
    await daemon.api('POST /router/preview', { body: { source: 'echo:default' } });
    await daemon.api('POST /channels/{id}/queue/resume', { params: { id: 'echo:default' } });
    const operation = { op: 'send', text: `[nack] ${n}` } as const;
    const sent = await daemon.api('POST /messages', {
      body: { connector: 'echo:default', conversation: 'dead', operation },
    });
    await daemon.traceUntil(sent.message);
  }
});
afterAll(closeAll);

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly next?: string;
}

async function page(path: string, limit: number, cursor?: string): Promise<Page> {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
  const response = await daemon.request(
    `/admin/v1${path}${path.includes('?') ? '&' : '?'}${query.toString()}`,
  );
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

/** All ids, page by page, with something done between two of them. */
async function walk(
  path: string,
  limit: number,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = [];
  let next: string | undefined;
  do {
    const taken = await page(path, limit, next);
    expect(taken.items.length).toBeLessThanOrEqual(limit);
    ids.push(...taken.items.map(({ id }) => id));
    next = taken.next;
    await between();
  } while (next !== undefined);
  return ids;
}

const lists = [
  '/events',
  '/events?source=webhook:paged',
  '/events?kind=admin.changed',
  '/inbox',
  '/inbox?state=done',
  '/inbox?source=webhook:paged',
  '/audit',
  '/channels/echo:default/logs',
  '/webhooks/paged/deliveries',
  '/webhooks/paged/deliveries?verdict=rejected',
  '/dead-letters',
  '/dead-letters?source=echo:default',
];

describe('a list', () => {
  it.each(lists)('%s gives everything once, newest first, whatever the size of its pages', async (path) => {
    const whole = (await page(path, 500)).items.map(({ id }) => id);

    const walks = [await walk(path, 1), await walk(path, 7), await walk(path, whole.length)];

    expect(whole.length).toBeGreaterThanOrEqual(count);
    expect(new Set(whole).size).toBe(whole.length);
    for (const walked of walks) expect(walked).toEqual(whole);
  });

  it.each(lists.filter((path) => !path.includes('dead')))(
    '%s repeats nothing and leaves nothing out while it grows',
    async (path) => {
      const before = (await page(path, 500)).items.map(({ id }) => id);

      const walked = await walk(path, 10, () => postGithub(hook, { secret: 'another guess' }));

      expect(new Set(walked).size).toBe(walked.length);
      expect(walked.filter((id) => before.includes(id))).toEqual(before);
    },
  );

  it('takes a cursor that it gave out earlier, after a restart too', async () => {
    const { items, next } = await page('/inbox', 5);

    await daemon.restart();
    const again = await page('/inbox', 5, next);

    expect(again.items).toHaveLength(5);
    expect(again.items.filter(({ id }) => items.some((item) => item.id === id))).toEqual([]);
  });

  it('ends where there is nothing more', async () => {
    const beyond = await page('/inbox', 5, '0');

    expect(beyond).toEqual({ items: [] });
  });
});
