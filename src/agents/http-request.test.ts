import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { Turn } from './agent.ts';
import { contractTurn } from './contract.ts';
import { toRequestBody } from './http-request.ts';

const bodyOf = (turn: Turn): { turn: unknown; callback: unknown; event: Record<string, unknown> } =>
  JSON.parse(toRequestBody(turn)) as never;

const webhook = (body?: Uint8Array): Turn =>
  contractTurn({
    event: {
      type: 'webhook',
      source: 'webhook:repo',
      dedupeKey: 'key',
      contentKey: 'digest',
      lane: 'webhook:repo',
      occurredAt: 5,
      integration: 'repo',
      provider: 'github',
      event: 'push',
      delivery: 'dlv_1',
      contentType: 'application/json',
    } as InboundEvent,
    ...(body === undefined ? {} : { body }),
  });

describe('the body for an HTTP agent', () => {
  it('tells of a message all that an agent may know', () => {
    const event = {
      ...contractTurn().event,
      address: { connector: 'echo:default', conversation: 'room', thread: 'thread', message: 'm1' },
      guild: 'echo:guild:g',
      attachments: [
        {
          id: 'a',
          kind: 'image',
          name: 'a.png',
          contentType: 'image/png',
          sizeBytes: 1,
          url: 'https://x.test/a',
          urlExpiresAt: 9,
          width: 2,
          height: 3,
        },
      ],
      replyTo: { message: 'm0', toSelf: true },
      truncated: true,
    } as unknown as InboundEvent;

    const body = bodyOf(contractTurn({ event, deadlineAt: 7 }));

    expect(body).toEqual({
      turn: { id: contractTurn().id, attempt: 1, session: 'echo:default/room', deadlineAt: 7 },
      callback: `/admin/v1/turns/${contractTurn().id}/messages`,
      event: {
        type: 'message.created',
        source: 'echo:default',
        occurredAt: 1_750_000_000_000,
        conversation: 'room',
        thread: 'thread',
        message: 'm1',
        direct: true,
        guild: 'echo:guild:g',
        sender: { id: 'echo:user:ada', display: 'Ada', kind: 'human', verified: true, roles: [] },
        text: 'hello',
        attachments: [
          {
            id: 'a',
            kind: 'image',
            name: 'a.png',
            contentType: 'image/png',
            sizeBytes: 1,
            url: 'https://x.test/a',
            urlExpiresAt: 9,
            width: 2,
            height: 3,
          },
        ],
        mentions: { self: false, everyone: false, users: [] },
        replyTo: { message: 'm0', toSelf: true },
        broadcast: false,
        truncated: true,
      },
    });
  });

  it.each([
    ['command', { name: 'deploy', args: { to: 'production' } }],
    ['action', { action: 'approve', values: { yes: true } }],
    ['reaction.added', { emoji: '👍' }],
    ['membership', { change: 'joined', member: 'echo:user:ada' }],
    ['message.deleted', {}],
  ])('tells of %s what it is about', (type, contents) => {
    const { address, sender, source, occurredAt, direct } = contractTurn().event as Extract<
      InboundEvent,
      { type: 'message.created' }
    >;

    const { event } = bodyOf(
      contractTurn({
        event: {
          type,
          address,
          sender,
          source,
          occurredAt,
          direct,
          dedupeKey: 'k',
          lane: 'l',
          ...contents,
        } as InboundEvent,
      }),
    );

    expect(event).toEqual({
      type,
      source,
      occurredAt,
      conversation: 'room',
      message: 'm1',
      direct,
      sender,
      ...contents,
    });
  });

  it('lets nothing out that is not listed, however deep it lies', () => {
    const inside = { inside: 'secret', token: 'secret', headers: ['authorization', 'secret'] };
    const { event } = contractTurn() as { event: Extract<InboundEvent, { type: 'message.created' }> };
    const laden = {
      ...event,
      ...inside,
      dedupeKey: 'secret',
      contentKey: 'secret',
      lane: 'secret',
      address: { ...event.address, ...inside, connector: 'secret' },
      sender: { ...event.sender, ...inside },
      mentions: { ...event.mentions, ...inside },
      attachments: [{ id: 'a', kind: 'file', ...inside }],
      replyTo: { message: 'm0', toSelf: false, ...inside },
    } as unknown as InboundEvent;

    for (const type of ['message.created', 'message.edited', 'message.deleted'] as const) {
      expect(toRequestBody(contractTurn({ event: { ...laden, type } as InboundEvent }))).not.toContain(
        'secret',
      );
    }
    const { event: hook, body } = webhook(Buffer.from('{}'));
    expect(
      toRequestBody(
        contractTurn({
          event: { ...hook, ...inside, lane: 'secret' } as InboundEvent,
          ...(body && { body }),
        }),
      ),
    ).not.toContain('secret');
  });

  it('holds a webhook’s JSON as it was sent, to the last digit', () => {
    const payload = '{ "id": 12345678901234567890, "price": 1.10, "a": 1, "a": 2 }';

    const text = toRequestBody(webhook(Buffer.from(payload)));

    expect(text).toContain(`"payload":${payload}`);
    expect(bodyOf(webhook(Buffer.from(payload))).event).toMatchObject({
      type: 'webhook',
      integration: 'repo',
      provider: 'github',
      event: 'push',
      delivery: 'dlv_1',
      contentType: 'application/json',
    });
  });

  it.each([
    ['no JSON', Buffer.from('a=b&c=d')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['cut off', Buffer.from('{"a":')],
    ['JSON and then something', Buffer.from('{}, "injected": {}')],
    ['empty', new Uint8Array()],
  ])('holds a webhook’s body in base64 when it is %s', (_what, body) => {
    const { event } = bodyOf(webhook(body));

    expect(event).not.toHaveProperty('payload');
    expect(event).not.toHaveProperty('injected');
    expect(event.payloadBase64).toBe(Buffer.from(body).toString('base64'));
  });

  it('is JSON and gives any webhook body back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (body) => {
          const { event } = bodyOf(webhook(body));

          if ('payload' in event) expect(event.payload).toEqual(JSON.parse(Buffer.from(body).toString()));
          else expect(Buffer.from(String(event.payloadBase64), 'base64')).toEqual(Buffer.from(body));
        },
      ),
    );
  });
});
