import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  deliveriesOf,
  eventsOf,
  githubHeaders,
  type HeaderList,
  postGithub,
  pushBody,
  rawRequest,
  send,
} from '../../../test/support/hooks.ts';
import { StoreFaults } from '../../../test/support/store-faults.ts';

const faults = new StoreFaults();
let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon({ wrapStore: faults.wrap });
});
afterEach(() => faults.mend());
afterAll(closeAll);

const diskFull = (): never => {
  throw new AppError('unavailable', 'The disk is full.');
};

function verdicts(deliveries: Awaited<ReturnType<typeof deliveriesOf>>): string[] {
  return deliveries.map(({ verdict, reason }) => `${verdict}: ${reason}`);
}

describe('a store that cannot commit', () => {
  it('makes us refuse, keep nothing as accepted, and take the same delivery later', async () => {
    const hook = await addHook(daemon, { id: 'full' });
    faults.before('inbox.accept', diskFull);

    const refused = await postGithub(hook, { delivery: 'guid-full' });
    const meanwhile = await deliveriesOf(daemon, 'full');
    faults.mend();
    const taken = await postGithub(hook, { delivery: 'guid-full' });

    expect([refused.status, refused.body.code]).toEqual([503, 'store_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('30');
    expect(meanwhile).toEqual([]);
    expect([taken.status, taken.body.status]).toEqual([202, 'accepted']);
    expect(await eventsOf(daemon, 'full')).toMatchObject([{ duplicates: 0 }]);
  });

  it('that committed and lost its answer finds a repeat afterwards', async () => {
    const hook = await addHook(daemon, { id: 'lost' });
    faults.after('inbox.accept', diskFull);

    const refused = await postGithub(hook, { delivery: 'guid-lost' });
    faults.mend();
    const again = await postGithub(hook, { delivery: 'guid-lost' });

    expect([refused.status, again.status, again.body.status]).toEqual([503, 202, 'duplicate']);
    expect(await eventsOf(daemon, 'lost')).toHaveLength(1);
  });

  it('refuses also what would have been rejected', async () => {
    const hook = await addHook(daemon, { id: 'full-too' });
    faults.before('webhooks.recordDelivery', diskFull);

    const { status, headers } = await postGithub(hook, { secret: 'a guess' });

    expect([status, headers.get('retry-after')]).toEqual([503, '30']);
  });

  it('breaks down and shows nothing of it', async () => {
    const hook = await addHook(daemon, { id: 'broken' });
    faults.before('inbox.accept', () => {
      throw new TypeError('undefined is not what we expected');
    });

    const { status, body } = await postGithub(hook);

    expect([status, body.code]).toEqual([503, 'internal_error']);
    expect(JSON.stringify(body)).not.toContain('undefined');
    expect(daemon.lines.at(-1)).toMatchObject({ level: 'error', event: 'webhook.failed' });
  });
});

describe('an inbox that is full', () => {
  it('refuses until there is room again', async () => {
    const small = await openDaemon({ config: { inbox: { depthMax: 2, waitMs: 50 } } });
    const hook = await addHook(small, { id: 'queue' });
    await small.api('DELETE /agents/{id}', { params: { id: 'echo' } });
    const body = (n: number): { body: string } => ({ body: JSON.stringify({ n }) });

    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await postGithub(hook, body(n)));
    await small.api('PUT /router/rules/{id}', {
      params: { id: 'webhooks' },
      body: { match: { sources: ['webhook:*'] }, action: 'ignore' },
    });
    await small.api('PUT /agents/{id}', { params: { id: 'echo' }, body: { kind: 'echo' } });
    const taken = await until(async () => {
      const { status } = await postGithub(hook, body(2));
      return status === 503 ? undefined : status;
    });

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 503]);
    expect(taken).toBe(202);
    await small.stop();
  });
});

describe('a vault without its key', () => {
  it('judges nothing and rejects nothing', async () => {
    const env: Record<string, string> = { PALYRA_MASTER_KEY: Buffer.alloc(32, 3).toString('base64') };
    const locked = await openDaemon({ env, config: { masterKey: { kind: 'env' } } });
    const hook = await addHook(locked, { id: 'locked' });
    delete env.PALYRA_MASTER_KEY;
    await locked.restart();
    const url = `${locked.ingressUrl}${hook.path}`;

    const { status, body, headers } = await postGithub({ ...hook, url });

    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'vault_locked', '30']);
    expect(await deliveriesOf(locked, 'locked')).toEqual([]);
    await Promise.all(Array.from({ length: 20 }, () => postGithub({ ...hook, url })));
    const lines = locked.logged.filter((line) => line.includes('webhook.refused'));
    // The bucket may have filled once or twice meanwhile: what counts is that not each is a line.
    expect(lines.length).toBeLessThan(20);
    await locked.stop();
  });

  it('is told from one without the secret, which is no fault of the sender either', async () => {
    const ref = 'global/not-there-yet';
    const hook = await addHook(daemon, { id: 'early', secret: { from: 'ref', ref } });

    const early = await postGithub(hook);
    await daemon.api('PUT /secrets/{scope}/{key}', {
      params: { scope: 'global', key: 'not-there-yet' },
      body: { value: hook.secret },
    });
    const later = await postGithub(hook);

    expect([early.status, early.body.code]).toEqual([503, 'secret_not_found']);
    expect([later.status, later.body.status]).toEqual([202, 'accepted']);
  });
});

describe('a rejected delivery', () => {
  it('is answered with a reason, kept, listed and explained', async () => {
    const hook = await addHook(daemon, { id: 'judged' });

    const { status, body } = await postGithub(hook, { secret: 'a guess' });
    const [kept] = await deliveriesOf(daemon, 'judged');
    const why = await daemon.api('GET /why/{id}', { params: { id: body.delivery ?? '' } });
    const trace = await daemon.trace(body.delivery ?? '');

    expect([status, body.code]).toEqual([401, 'signature_mismatch']);
    expect(kept).toMatchObject({
      id: body.delivery,
      verdict: 'rejected',
      reason: 'signature_mismatch',
      bodyBytes: pushBody.length,
      remoteAddress: '127.0.0.1',
    });
    expect(why.sentence).toMatch(/^It was rejected: No active secret makes this signature/);
    expect(trace.steps.map(({ kind }) => kind)).toEqual(['rejected', 'outcome']);
    expect(await eventsOf(daemon, 'judged')).toEqual([]);
  });

  it('never stands in the way of a genuine one with the same id and the same body', async () => {
    const hook = await addHook(daemon, { id: 'genuine' });
    const delivery = 'guid-guessed-by-an-attacker';

    const forged = await Promise.all(
      Array.from({ length: 10 }, () => postGithub(hook, { delivery, secret: 'a guess' })),
    );
    const genuine = await postGithub(hook, { delivery });

    expect(new Set(forged.map(({ status }) => status))).toEqual(new Set([401]));
    expect([genuine.status, genuine.body.status]).toEqual([202, 'accepted']);
    expect(await daemon.traceUntil(genuine.body.event ?? '')).toMatchObject({ state: 'delivered' });
  });

  it('is one of so many that are kept, the newest', async () => {
    const small = await openDaemon({ config: { ingress: { rejectedKeptMax: 3, rejectedBodyBytesMax: 20 } } });
    const hook = await addHook(small, { id: 'many' });
    const genuine = await postGithub(hook);

    const rejected = [];
    for (let n = 0; n < 8; n++)
      rejected.push(await postGithub(hook, { secret: 'a guess', body: JSON.stringify({ n }) }));
    const kept = await deliveriesOf(small, 'many');

    expect(kept.map(({ id }) => id)).toEqual(
      [genuine, ...rejected.slice(-3)].map(({ body }) => body.delivery).toReversed(),
    );
    await small.stop();
  });

  it('is kept without its body when that is large', async () => {
    const small = await openDaemon({ config: { ingress: { rejectedBodyBytesMax: 20 } } });
    const hook = await addHook(small, { id: 'fat' });

    const { body } = await postGithub(hook, { secret: 'a guess' });
    const params = { id: body.delivery ?? '' };
    const kept = await small.api('GET /deliveries/{id}', { params });
    const replay = small.api('POST /deliveries/{id}/replay', { params });

    expect(kept).toMatchObject({ bodyBytes: 0, bodyBase64: '' });
    expect(kept.detail).toContain(`Its body of ${pushBody.length} bytes was not kept.`);
    await expect(replay).rejects.toMatchObject({ code: 'conflict' });
    await small.stop();
  });

  it('is no longer kept when there are too many at once, and answered all the same', async () => {
    const hook = await addHook(daemon, { id: 'flood' });
    const headers = await githubHeaders({ secret: 'a guess' });
    const request = rawRequest(`POST ${hook.path}`, headers, pushBody);

    const answers = await Promise.all(Array.from({ length: 400 }, () => send(hook.url, request)));
    const kept = await deliveriesOf(daemon, 'flood');

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    // A burst of 40, and 20 more per second.
    expect(kept.length).toBeGreaterThanOrEqual(40);
    expect(kept.length).toBeLessThan(400);
    expect(kept.length).toBe(answers.filter(({ body }) => body.includes('"delivery"')).length);
    expect(
      daemon.lines.filter(
        (line) => line.event === 'webhook.rejected' && line.connector_id === 'webhook:flood',
      ),
    ).toHaveLength(kept.length);
    expect((await postGithub(hook)).body.status).toBe('accepted');
  });

  it('can be judged again when the cause is mended', async () => {
    const hook = await addHook(daemon, {
      id: 'mended',
      secret: { from: 'value', value: 'the wrong secret' },
    });
    const { body } = await postGithub({ ...hook, secret: 'the right secret' });
    const params = { id: body.delivery ?? '' };

    const tooEarly = daemon.api('POST /deliveries/{id}/replay', { params });
    await expect(tooEarly).rejects.toMatchObject({ code: 'conflict' });
    await daemon.api('POST /webhooks/{id}/rotate', {
      params: { id: 'mended' },
      body: { secret: { from: 'value', value: 'the right secret' } },
    });
    const { event } = await daemon.api('POST /deliveries/{id}/replay', { params });

    expect(await daemon.traceUntil(event)).toMatchObject({ state: 'delivered' });
  });
});

describe('headers that must stand alone', () => {
  it.each([
    ['x-hub-signature-256', 'sha256=0000'],
    ['X-Hub-Signature-256', ''],
    ['x-github-delivery', 'another'],
    ['x-github-event', 'another'],
  ])('are refused when %s comes twice', async (name, value) => {
    const hook = await addHook(daemon, { id: `twice-${name.toLowerCase()}-${value.length}` });
    const own = Object.entries(await githubHeaders());
    const orders: HeaderList[] = [
      [...own, [name, value]],
      [[name, value], ...own],
    ];

    const answers = await Promise.all(
      orders.map((headers) => send(hook.url, rawRequest(`POST ${hook.path}`, headers, pushBody))),
    );

    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'signature_duplicated' });
    }
    expect(verdicts(await deliveriesOf(daemon, hook.id))).toEqual([
      'rejected: signature_duplicated',
      'rejected: signature_duplicated',
    ]);
  });
});
