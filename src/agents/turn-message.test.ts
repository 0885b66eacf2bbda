import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';
import { parseTurnMessage } from './turn-message.ts';
import { collectTurnOutput, retryAfterOf, retryLater } from './turn-output.ts';

const euros = (bytes: number): string => '€'.repeat(Math.floor(bytes / 3)) + 'x'.repeat(bytes % 3);

describe('a message of a turn', () => {
  it.each([
    ['the longest text, in bytes', { op: 'send', text: euros(limits.outboundTextBytesMax) }],
    ['the longest emoji', { op: 'react', emoji: euros(limits.emojiBytesMax) }],
    ['the longest id', { op: 'delete', message: euros(limits.messageIdBytesMax) }],
    ['no text but extras', { op: 'send', text: '', extras: {} }],
  ])('may have %s', (_what, message) => {
    expect(parseTurnMessage(message, 'It')).toEqual(message);
  });

  it.each([
    ['a longer text', { op: 'send', text: euros(limits.outboundTextBytesMax + 1) }],
    ['a longer emoji', { op: 'react', emoji: euros(limits.emojiBytesMax + 1) }],
    ['a longer id', { op: 'delete', message: euros(limits.messageIdBytesMax + 1) }],
    ['longer extras', { op: 'send', text: 'x', extras: { a: euros(limits.structuredBytesMax) } }],
    ['neither text nor extras', { op: 'send', text: '' }],
    ['an empty edit', { op: 'edit', message: 'm', text: '' }],
    ['an edit of nothing', { op: 'edit', text: 'x' }],
    ['a delete of nothing', { op: 'delete', message: '' }],
    ['no emoji', { op: 'react' }],
    ['a place of its own', { op: 'send', text: 'x', conversation: 'elsewhere' }],
    ['nothing', null],
    ['a list', []],
    ['only text', 'hello'],
  ])('may not have %s', (_what, message) => {
    expect(() => parseTurnMessage(message, 'It')).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('is a new one unless it says otherwise', () => {
    expect(parseTurnMessage({ text: 'x' }, 'It')).toEqual({ op: 'send', text: 'x' });
  });

  it('is complained about briefly, even when it is mostly key', () => {
    const complaint = (): unknown => parseTurnMessage({ op: 'typing', ['k'.repeat(10_000)]: 1 }, 'It');

    expect(complaint).toThrow(/^.{1,400}$/);
  });
});

describe('the output of a turn', () => {
  it('keeps messages in order', () => {
    const out = collectTurnOutput();

    out.send({ op: 'typing' });
    out.send({ op: 'send', text: 'x' });

    expect(out.messages).toEqual([{ op: 'typing' }, { op: 'send', text: 'x' }]);
  });

  it('takes so many messages and no more', () => {
    const out = collectTurnOutput();
    for (let count = 0; count < limits.turnMessagesMax; count++) out.send({ op: 'typing' });

    expect(() => out.send({ op: 'typing' })).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(out.messages).toHaveLength(limits.turnMessagesMax);
  });

  it('takes texts of so many bytes and no more', () => {
    const out = collectTurnOutput();
    out.send({ op: 'send', text: euros(limits.outboundTextBytesMax) });

    expect(() =>
      out.send({ op: 'edit', message: 'm', text: euros(limits.outboundTextBytesMax + 1) }),
    ).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(out.messages).toHaveLength(1);
  });

  it('that was read does not change when something is sent afterwards', () => {
    const out = collectTurnOutput();
    const read = out.messages;

    out.send({ op: 'typing' });

    expect(read).toEqual([]);
  });
});

describe('a wait that an agent asks for', () => {
  it('travels with its error', () => {
    expect(retryAfterOf(retryLater('rate_limited', 'Later.', 5_000))).toBe(5_000);
    expect(retryAfterOf(new AppError('rate_limited', 'Later.'))).toBeUndefined();
    expect(retryAfterOf('later')).toBeUndefined();
  });
});
