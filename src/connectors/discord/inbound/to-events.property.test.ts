import fc from 'fast-check';
import { expect, it } from 'vitest';
import { laneOf } from '../../../domain/address.ts';
import { fitEvent } from '../../../domain/fit-event.ts';
import { inboundEventTypes } from '../../../domain/inbound-event.ts';
import { canonicalDiscordIdentity } from '../identity.ts';
import { connector, contextOf, directoryOf, example, inboundOf } from './inbound.fixture.ts';

const dispatches = [
  'MESSAGE_CREATE',
  'MESSAGE_UPDATE',
  'MESSAGE_DELETE',
  'MESSAGE_DELETE_BULK',
  'MESSAGE_REACTION_ADD',
  'MESSAGE_REACTION_REMOVE',
  'MESSAGE_REACTION_REMOVE_EMOJI',
  'MESSAGE_REACTION_REMOVE_ALL',
  'GUILD_MEMBER_ADD',
  'GUILD_MEMBER_REMOVE',
  'THREAD_MEMBERS_UPDATE',
  'INTERACTION_CREATE',
  'READY',
  'GUILD_CREATE',
  'GUILD_DELETE',
  'GUILD_ROLE_UPDATE',
  'GUILD_MEMBER_UPDATE',
  'CHANNEL_UPDATE',
  'CHANNEL_DELETE',
  'THREAD_LIST_SYNC',
] as const;

const json = fc.jsonValue({ maxDepth: 5 });
const snowflake = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }).map(String);

/** Payloads of the right form, of which some parts, however deep, are replaced by anything. */
const nearly = fc
  .constantFrom(
    'message',
    'message-crossposted',
    'channel-thread',
    'guild',
    'interaction-slash-command',
    'interaction-message-command',
    'component-user-select',
    'modal-file-upload',
  )
  .map((name) => ({ ...example('interaction-user-command'), ...example(name) }))
  .chain((payload) => {
    const place = fc.nat(partsOf(payload));
    const parts = fc.array(fc.tuple(place, fc.oneof(json, fc.string(), snowflake, fc.constant(null))), {
      maxLength: 4,
    });
    return parts.map((changes) => replaced(payload, new Map(changes)));
  });

function partsOf(payload: unknown): number {
  let parts = 0;
  JSON.stringify(payload, (_key, held: unknown) => (parts++, held));
  return parts;
}

/** The places count the parts of the payload in the order of their text; the first is the whole. */
function replaced(payload: unknown, changes: ReadonlyMap<number, unknown>): unknown {
  let part = 0;
  const text = JSON.stringify(payload, (_key, held: unknown) => {
    const place = part++;
    return changes.has(place) ? changes.get(place) : held;
  });
  return JSON.parse(text);
}

const data = fc.oneof(
  { weight: 3, arbitrary: nearly },
  { weight: 1, arbitrary: json },
  {
    weight: 1,
    arbitrary: fc.record({
      id: snowflake,
      channel_id: snowflake,
      guild_id: snowflake,
      emoji: json,
      user: json,
      ids: json,
      user_id: snowflake,
    }),
  },
);

it('never throws, whatever is sent, and makes events of this connector only', () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...dispatches), fc.string()), data, (type, sent) => {
      const { kept, unknown, interaction } = inboundOf(type, sent);

      for (const event of kept) {
        expect(event.type).not.toBe('webhook');
        if (event.type === 'webhook') continue;
        expect(inboundEventTypes).toContain(event.type);
        expect(event.source).toBe(connector);
        expect(event.address.connector).toBe(connector);
        expect(event.lane).toBe(laneOf(event.address));
        expect(Number.isSafeInteger(event.occurredAt)).toBe(true);
        expect(event.sender.verified ? canonicalDiscordIdentity('user', event.sender.id) : '').toBe(
          event.sender.verified ? event.sender.id : '',
        );
        if (event.guild !== undefined)
          expect(canonicalDiscordIdentity('guild', event.guild)).toBe(event.guild);
        for (const role of event.sender.roles) expect(canonicalDiscordIdentity('role', role)).toBe(role);
      }
      expect(kept.length === 0 || unknown === undefined).toBe(true);
      if (interaction)
        expect(JSON.stringify(kept)).not.toContain(JSON.stringify(interaction.token).slice(1, -1) || '\0');
    }),
    { numRuns: 2_000 },
  );
});

it('makes events that JSON carries and that fit the store as they are', () => {
  fc.assert(
    fc.property(fc.constantFrom(...dispatches), data, (type, sent) => {
      for (const event of inboundOf(type, sent).kept) {
        expect(JSON.parse(JSON.stringify(event))).toEqual(event);
        expect(() => fitEvent(event)).not.toThrow();
      }
    }),
    { numRuns: 1_000 },
  );
});

it('makes the same of the same dispatch, so that one delivered twice has one key', () => {
  fc.assert(
    fc.property(fc.constantFrom(...dispatches), data, (type, sent) => {
      expect(inboundOf(type, structuredClone(sent))).toEqual(inboundOf(type, sent));
    }),
  );
});

it('keeps one directory through any dispatches, and knows of every channel what it says', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...dispatches), data), { maxLength: 30 }), (told) => {
      const directory = directoryOf();

      for (const [type, sent] of told) {
        directory.apply({ type, data: sent });
        const { channel } = directory.missing({ type, data: sent });
        expect(channel === undefined || directory.channel(channel) === undefined).toBe(true);
        expect(() => inboundOf(type, sent, contextOf({}, directory))).not.toThrow();
      }
    }),
    { numRuns: 300 },
  );
});
