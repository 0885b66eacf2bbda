import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  deliveriesOf,
  eventsOf,
  githubHeaders,
  postGithub,
  postHook,
  pushBody,
} from '../../../test/support/hooks.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});
afterAll(closeAll);

describe('a webhook', () => {
  it('signed by the library of GitHub ends as a delivered message', async () => {
    const hook = await addHook(daemon, { id: 'github' });

    const { status, body } = await postGithub(hook, { delivery: 'guid-of-github' });
    const trace = await daemon.traceUntil(body.event ?? '');

    expect({ status, answer: body.status }).toEqual({ status: 202, answer: 'accepted' });
    expect(trace).toMatchObject({
      state: 'delivered',
      reason: 'delivered',
      event: { source: 'webhook:github', lane: 'webhook:github/octocat%2Fhello-world/refs%2Fheads%2Fmain' },
      delivery: { id: body.delivery, verdict: 'accepted', providerEvent: 'push', remoteAddress: '127.0.0.1' },
      parts: [
        {
          state: 'delivered',
          connector: 'echo:default',
          operation: { op: 'send', text: `github push: octocat/hello-world, ${pushBody.length} bytes` },
        },
      ],
    });
    expect(trace.steps.map(({ kind }) => kind).filter((kind) => kind !== 'waiting')).toEqual([
      'accepted',
      'gated',
      'turn',
      'turn',
      'part',
      'attempt',
      'outcome',
    ]);
  });

  it('signed by the library of Standard Webhooks ends as a delivered message', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const hook = await addHook(daemon, {
      id: 'standard',
      provider: 'standard-webhooks',
      secret: { from: 'value', value: secret },
    });
    const payload = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_1' } });
    const at = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', at, payload),
    };

    const { status, body } = await postHook(hook.url, headers, payload);
    const trace = await daemon.traceUntil(body.event ?? '');

    expect(status).toBe(202);
    expect(trace).toMatchObject({ state: 'delivered', delivery: { providerEvent: 'invoice.paid' } });
  });

  it('signed by the library of Stripe ends as a delivered message', async () => {
    const secret = 'whsec_stripe keeps the prefix';
    const hook = await addHook(daemon, {
      id: 'stripe',
      provider: 'stripe',
      secret: { from: 'value', value: secret },
    });
    const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.succeeded' });
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };

    const { status, body } = await postHook(hook.url, headers, payload);
    const trace = await daemon.traceUntil(body.event ?? '');

    expect(status).toBe(202);
    expect(trace).toMatchObject({ state: 'delivered', delivery: { providerEvent: 'charge.succeeded' } });
  });

  it('that asks a question is answered, when the signature is good', async () => {
    const secret = 'what slack told nobody';
    const hook = await addHook(daemon, {
      id: 'slack',
      provider: 'slack',
      secret: { from: 'value', value: secret },
    });
    const body = JSON.stringify({ type: 'url_verification', challenge: 'say <this>' });
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const ask = async (key: string): Promise<Response> =>
      fetch(hook.url, {
        method: 'POST',
        headers: {
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${createHmac('sha256', key).update(`v0:${timestamp}:${body}`).digest('hex')}`,
        },
        body,
      });

    const [good, bad] = [await ask(secret), await ask('a guess')];

    expect([good.status, good.headers.get('content-type'), await good.text()]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'say <this>',
    ]);
    expect([bad.status, await bad.text()]).toEqual([401, expect.not.stringContaining('say <this>')]);
    expect((await deliveriesOf(daemon, 'slack')).map(({ verdict }) => verdict)).toEqual([
      'rejected',
      'challenge',
    ]);
  });

  it('keeps whatever bytes it came with', async () => {
    const hook = await addHook(daemon, { id: 'bytes' });

    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), async (array) => {
        const bytes = Uint8Array.from(array);
        const hex = createHmac('sha256', hook.secret).update(bytes).digest('hex');
        const headers = { ...(await githubHeaders()), 'x-hub-signature-256': `sha256=${hex}` };

        const { body } = await postHook(hook.url, headers, bytes);
        const kept = await daemon.api('GET /deliveries/{id}', { params: { id: body.delivery ?? '' } });

        // The same bytes again are a repeat, of which the first copy is kept.
        if (body.status === 'accepted')
          expect(Buffer.from(kept.bodyBase64 ?? '', 'base64').equals(bytes)).toBe(true);
        expect(kept.bodyBytes).toBe(bytes.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a repeat', () => {
  it('changes nothing and is told so, by its id as by its contents', async () => {
    const hook = await addHook(daemon, { id: 'repeats' });

    const first = await postGithub(hook, { delivery: 'guid-r' });
    const again = await postGithub(hook, { delivery: 'guid-r' });
    const renamed = await postGithub(hook, { delivery: 'guid-of-an-attacker' });

    expect([first, again, renamed].map(({ status, body }) => [status, body.status])).toEqual([
      [202, 'accepted'],
      [202, 'duplicate'],
      [202, 'duplicate'],
    ]);
    expect(new Set([first, again, renamed].map(({ body }) => body.event)).size).toBe(1);
    expect(await eventsOf(daemon, 'repeats')).toMatchObject([{ duplicates: 2 }]);
  });

  it('by its contents alone is told from one by its id, shows the id it came under, and can be run all the same', async () => {
    const hook = await addHook(daemon, { id: 'pings' });
    const first = await postGithub(hook, { delivery: 'guid-of-a-ping' });
    const again = await postGithub(hook, { delivery: 'guid-of-a-ping' });

    const twin = await postGithub(hook, { delivery: 'guid-of-its-twin' });
    const why = await daemon.api('GET /why/{id}', { params: { id: twin.body.delivery ?? '' } });
    const { delivery, steps } = await daemon.trace(twin.body.delivery ?? '');
    const replay = await daemon.api('POST /deliveries/{id}/replay', {
      params: { id: twin.body.delivery ?? '' },
    });
    const { state } = await daemon.traceUntil(replay.event);

    expect([again.body.reason, twin.body.reason]).toEqual([undefined, 'duplicate_content']);
    expect(why).toMatchObject({
      state: 'duplicate',
      reason: 'duplicate_content',
      sentence: expect.stringContaining('under another id of the provider'),
      hint: expect.stringContaining('palyra webhooks replay'),
    });
    expect(delivery).toMatchObject({ verdict: 'duplicate', event: first.body.event });
    expect(delivery?.headers).toContain('guid-of-its-twin');
    expect(steps).toContainEqual(
      expect.objectContaining({ kind: 'deduplicated', code: 'duplicate_content' }),
    );
    expect([replay.event === first.body.event, state]).toEqual([false, 'delivered']);
  });

  it('is told from the first among a thousand at once', async () => {
    const hook = await addHook(daemon, { id: 'thousand' });
    const headers = await githubHeaders({ delivery: 'guid-1000' });

    const answers = await Promise.all(Array.from({ length: 1_000 }, () => postHook(hook.url, headers)));

    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    expect(answers.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
    expect(answers.filter(({ body }) => body.status === 'duplicate')).toHaveLength(999);
    expect(new Set(answers.map(({ body }) => body.event)).size).toBe(1);
    const events = await eventsOf(daemon, 'thousand');
    expect(events).toMatchObject([{ duplicates: 999 }]);
    const trace = await daemon.traceUntil(events[0]?.id ?? '');
    expect(trace).toMatchObject({ state: 'delivered', parts: [{ attempts: 1 }] });
  });
});
