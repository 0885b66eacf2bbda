import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../../test/support/any-text.ts';
import { toAllowedMentions } from './allowed-mentions.ts';
import { toEmoji } from './emoji.ts';
import { nonceOf } from './nonce.ts';
import { renderMessage } from './render.ts';

describe('who is notified', () => {
  const user = '123456789012345678';
  const role = '223456789012345678';
  const asked = { users: [user], roles: [role], parse: ['everyone' as const], repliedUser: true };

  it.each([
    ['none', { parse: [], replied_user: false }],
    ['users', { parse: [], users: [user], replied_user: true }],
    ['roles', { parse: [], users: [user], roles: [role], replied_user: true }],
    ['everyone', { parse: ['everyone'], users: [user], roles: [role], replied_user: true }],
  ] as const)('when the operator lets it notify %s', (policy, expected) => {
    expect(toAllowedMentions(asked, policy)).toEqual(expected);
  });

  it.each(['none', 'users', 'roles', 'everyone'] as const)(
    'is nobody when nobody is asked for: %s',
    (policy) => {
      expect(toAllowedMentions(undefined, policy)).toEqual({ parse: [], replied_user: false });
    },
  );
});

describe('a nonce', () => {
  it('is the same for the same part, another for another, and at most 25 characters', () =>
    fc.assert(
      fc.property(anyText(), anyText(), (one, other) => {
        expect(nonceOf(one)).toMatch(/^[\w-]{24}$/);
        expect(nonceOf(one) === nonceOf(other)).toBe(one === other);
      }),
    ));
});

describe('a text', () => {
  it('goes out as good Unicode, whatever it was', () =>
    fc.assert(
      fc.property(anyText(200), (text) => {
        fc.pre(text.trim() !== '');

        const { json } = renderMessage({ text }, { mentions: 'none' });

        expect(JSON.stringify(json)).not.toMatch(/\\ud[89a-f]/i);
      }),
    ));

  it('is counted in characters', () => {
    expect(() => renderMessage({ text: '😀'.repeat(2_000) }, { mentions: 'none' })).not.toThrow();
    expect(() => renderMessage({ text: '😀'.repeat(2_001) }, { mentions: 'none' })).toThrow(
      '2001 characters',
    );
  });
});

describe('components that are good for a while', () => {
  const button = { type: 2, style: 1, label: 'Go', custom_id: 'go' };
  const link = { type: 2, style: 5, label: 'Read', url: 'https://example.com' };
  const menu = { type: 3, custom_id: 'pick', options: [{ label: 'a', value: 'a' }] };
  const nested = [
    { type: 1, components: [button, link] },
    { type: 17, components: [{ type: 9, components: [{ type: 10, content: 'x' }], accessory: menu }] },
  ];

  it('say so in their ids, wherever they are, and nothing else of them changes', () => {
    const extras = { components: nested, expiresAfterMs: 60_000 };

    const { json } = renderMessage(
      { text: 'Choose', extras },
      { mentions: 'none', sentAt: 1_750_000_000_000 },
    );

    const good = `~until:${(1_750_000_060_000).toString(36)}`;
    expect(json).not.toHaveProperty('expiresAfterMs');
    expect(json.components).toEqual(
      JSON.parse(
        JSON.stringify(nested).replaceAll(
          /"custom_id":"(\w+)"/g,
          (_all, id: string) => `"custom_id":"${id}${good}"`,
        ),
      ),
    );
  });

  it('are otherwise good for ever', () => {
    const { json } = renderMessage(
      { text: 'Choose', extras: { components: nested } },
      { mentions: 'none', sentAt: 1 },
    );

    expect(json.components).toEqual(nested);
  });
});

describe('an emoji', () => {
  it.each([
    ['👍', '👍'],
    [' ❤️ ', '❤️'],
    ['1️⃣', '1️⃣'],
    ['<:party:123456789012345678>', 'party:123456789012345678'],
    ['<a:party:123456789012345678>', 'party:123456789012345678'],
    ['party:123456789012345678', 'party:123456789012345678'],
  ])('%j is %j', (text, emoji) => {
    expect(toEmoji(text)).toBe(emoji);
  });

  it.each(['', ' ', ':thumbsup:', 'thumbsup', ':+1:'])('%j is none', (text) => {
    expect(() => toEmoji(text)).toThrow('Write the emoji itself');
  });
});
