import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { connector, message, sender, webhook } from '../../test/support/events.ts';
import { cutBytes, fitEvent } from './fit-event.ts';
import type { Attachment, ChatEvent, InboundEvent } from './inbound-event.ts';
import { byteLength, limits } from './limits.ts';

/** Says what is still over its limit: written against the limits, and not against the code. */
function tooLong(event: InboundEvent): readonly string[] {
  const sizes: [string, string | undefined, number][] = [
    ['dedupeKey', event.dedupeKey, limits.dedupeKeyBytesMax],
    ['contentKey', event.contentKey, limits.dedupeKeyBytesMax],
    ['lane', event.lane, limits.laneBytesMax],
  ];
  if (event.type === 'webhook') {
    sizes.push(['event', event.event, limits.identityBytesMax]);
    sizes.push(['contentType', event.contentType, limits.attachmentTypeBytesMax]);
  } else {
    sizes.push(...chatSizes(event));
  }
  return sizes
    .filter(([, text, bytesMax]) => text !== undefined && byteLength(text) > bytesMax)
    .map(([name]) => name);
}

function chatSizes(event: ChatEvent): [string, string | undefined, number][] {
  const { address, sender: from, guild } = event;
  const sizes: [string, string | undefined, number][] = [
    ['conversation', address.conversation, limits.conversationBytesMax],
    ['thread', address.thread, limits.conversationBytesMax],
    ['message', address.message, limits.messageIdBytesMax],
    ['sender', from.id, limits.identityBytesMax],
    ['display', from.display, limits.identityBytesMax],
    ['guild', guild, limits.identityBytesMax],
    ['roles', 'x'.repeat(from.roles.length), limits.rolesMax],
    ...from.roles.map((role): [string, string, number] => ['role', role, limits.identityBytesMax]),
  ];
  if ('text' in event) sizes.push(['text', event.text, limits.inboundTextBytesMax]);
  if ('emoji' in event) sizes.push(['emoji', event.emoji, limits.emojiBytesMax]);
  if ('member' in event) sizes.push(['member', event.member, limits.identityBytesMax]);
  if ('name' in event) {
    sizes.push(['name', event.name, limits.commandNameBytesMax]);
    sizes.push(['args', JSON.stringify(event.args), limits.commandArgsBytesMax]);
  }
  if ('action' in event) {
    sizes.push(['action', event.action, limits.identityBytesMax]);
    sizes.push(['values', JSON.stringify(event.values), limits.structuredBytesMax]);
  }
  if (event.type === 'message.created')
    sizes.push(['replyTo', event.replyTo?.message, limits.messageIdBytesMax]);
  if ('attachments' in event) {
    const { attachments, mentions } = event;
    sizes.push(['attachments', 'x'.repeat(attachments.length), limits.attachmentsMax]);
    sizes.push(['mentions', 'x'.repeat(mentions.users.length), limits.mentionsMax]);
    for (const user of mentions.users) sizes.push(['mention', user, limits.identityBytesMax]);
    for (const { id, name, contentType, url } of attachments) {
      sizes.push(['attachment id', id, limits.messageIdBytesMax]);
      sizes.push(['attachment name', name, limits.attachmentNameBytesMax]);
      sizes.push(['attachment type', contentType, limits.attachmentTypeBytesMax]);
      sizes.push(['attachment url', url, limits.attachmentUrlBytesMax]);
    }
  }
  return sizes;
}

/** Around a limit, on both sides, in characters of one to four bytes. */
const longText = fc
  .record({
    unit: fc.constantFrom('a', 'é', '你', '😀', '\ud800'),
    count: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 0, max: 600 }) },
      { weight: 1, arbitrary: fc.constantFrom(20_000, 70_000) },
    ),
  })
  .map(({ unit, count }) => unit.repeat(count));
const names = fc.oneof(
  fc.array(fc.constantFrom('r', 'r'.repeat(300)), { maxLength: 4 }),
  fc.constantFrom(Array.from({ length: 400 }, (_, index) => `role-${index}`)),
);

const anyMessage = fc
  .record({
    text: longText,
    name: longText,
    roles: names,
    key: longText,
    attachments: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ text, name, roles, key, attachments }) =>
    message({
      text,
      dedupeKey: key,
      contentKey: key,
      lane: key,
      guild: name,
      address: { connector, conversation: name, thread: name, message: name },
      sender: sender({ id: name, display: name, roles }),
      mentions: { self: true, everyone: false, users: roles },
      replyTo: { message: name, toSelf: true },
      attachments: Array.from({ length: attachments }, (): Attachment => ({
        id: name,
        kind: 'file',
        name,
        contentType: name,
        url: name,
      })),
    }),
  );

const anyEvent: fc.Arbitrary<InboundEvent> = fc
  .record({ base: anyMessage, name: longText, kind: fc.integer({ min: 0, max: 7 }) })
  .map(({ base, name, kind }): InboundEvent => {
    const {
      text,
      attachments,
      mentions,
      broadcast: _broadcast,
      replyTo: _replyTo,
      type: _type,
      ...rest
    } = base;
    const others: InboundEvent[] = [
      base,
      { ...rest, type: 'message.edited', text, attachments, mentions, broadcast: false },
      { ...rest, type: 'message.deleted' },
      { ...rest, type: 'reaction.added', emoji: name },
      { ...rest, type: 'command', name, args: { text } },
      { ...rest, type: 'action', action: name, values: { text } },
      { ...rest, type: 'membership', change: 'joined', member: name },
      webhook({ dedupeKey: name, contentKey: name, lane: name, event: name, contentType: name }),
    ];
    return others[kind] ?? base;
  });

describe('fitEvent', () => {
  it('brings every event under the limits, whatever comes in', () =>
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { event: fitted } = fitEvent(event);

        expect(tooLong(fitted)).toEqual([]);
      }),
      { numRuns: 300 },
    ));

  it('leaves an event alone that is within the limits', () =>
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { event: fitted, refusal } = fitEvent(event);

        if (tooLong(event).length > 0 || event.dedupeKey.includes('\ud800')) return;
        expect(refusal).toBeUndefined();
        expect(fitted).toEqual(event);
      }),
    ));

  it('lets no event go on to an agent that lost a part of its text or of a name', () =>
    fc.assert(
      fc.property(anyEvent, (event) => {
        const shown = new Set(['display', 'contentType', 'attachments', 'mentions', 'mention']);
        const lost = tooLong(event).filter((what) => !shown.has(what) && !what.startsWith('attachment '));

        expect(fitEvent(event).refusal !== undefined).toBe(lost.length > 0);
      }),
      { numRuns: 300 },
    ));

  it('cuts a text that is too long, marks it, and keeps it from the agent', () => {
    const { event, refusal } = fitEvent(message({ text: 'é'.repeat(limits.inboundTextBytesMax) }));

    expect(refusal).toBe('message_oversized');
    expect(event).toMatchObject({ truncated: true, text: 'é'.repeat(limits.inboundTextBytesMax / 2) });
  });

  it('marks a key that was cut, so that it is not taken for another that happens to begin like it', () => {
    const key = 'k'.repeat(limits.dedupeKeyBytesMax);

    const { event } = fitEvent(message({ dedupeKey: `${key}2` }));

    expect(event.dedupeKey).not.toBe(key.slice(0, event.dedupeKey.length));
  });

  it('refuses an event whose sender has more roles than can be looked at, since one of them might be denied', () => {
    const roles = Array.from({ length: limits.rolesMax + 1 }, (_, index) => `echo:role:${index}`);

    expect(fitEvent(message({ sender: sender({ roles }) })).refusal).toBe('event_oversized');
  });

  it('takes out of the keys what a database refuses', () => {
    const { event, refusal } = fitEvent(message({ dedupeKey: 'a\0b\ud800' }));

    expect(event.dedupeKey).toBe('a\ufffdb\ufffd');
    expect(refusal).toBeUndefined();
  });
});

describe('cutBytes', () => {
  it('gives the longest beginning that fits, and never half a character', () =>
    fc.assert(
      fc.property(anyText(60), fc.integer({ min: 0, max: 100 }), (text, bytesMax) => {
        const cut = cutBytes(text, bytesMax);

        const whole = text.toWellFormed();
        expect(byteLength(cut)).toBeLessThanOrEqual(bytesMax);
        expect(whole.startsWith(cut.toWellFormed())).toBe(true);
        expect(/[\ud800-\udbff]$/.test(cut) && cut !== text).toBe(false);
        const [next] = whole.slice(cut.length);
        if (next !== undefined) expect(byteLength(cut) + byteLength(next)).toBeGreaterThan(bytesMax);
      }),
      { numRuns: 1_000 },
    ));
});
