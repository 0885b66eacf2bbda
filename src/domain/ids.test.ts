import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { AppError } from './errors.ts';
import {
  accountOf,
  connectorId,
  type EventId,
  eventIdOfTurn,
  type IntegrationId,
  integrationOf,
  kindOf,
  parseConnectorId,
  parseSlug,
  turnIdOf,
  webhookSource,
} from './ids.ts';
import { byteLength, limits } from './limits.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('connectorId', () => {
  it('writes every spelling of an account the same', () => {
    expect(connectorId(' Discord ', 'Team.One')).toBe('discord:team.one');
  });

  it.each([
    ['', 'default'],
    ['discord', ''],
    ['discord', 'a:b'],
    ['webhook', 'site'],
    ['2discord', 'default'],
    ['discord', '-x'],
    ['dis cord', 'default'],
    ['discord', 'a/b'],
    ['discord', 'x'.repeat(65)],
    ['x'.repeat(33), 'default'],
  ])('refuses kind "%s" with account "%s"', (kind, account) => {
    expect(() => connectorId(kind, account)).toThrow(AppError);
  });

  it('can be taken apart again', () => {
    const id = connectorId('telegram', 'ops.2');

    expect([kindOf(id), accountOf(id)]).toEqual(['telegram', 'ops.2']);
  });
});

describe('parseConnectorId', () => {
  it('takes only the one spelling', () => {
    expect(() => parseConnectorId('Discord:default')).toThrow(AppError);
    expect(parseConnectorId('discord:default')).toBe('discord:default');
  });

  it('refuses with an AppError or answers what it was given, and shows no more of it than fits a line', () =>
    fc.assert(
      fc.property(anyText(120), (text) => {
        const thrown = thrownBy(() => expect(parseConnectorId(text)).toBe(text));

        if (thrown === undefined) return;
        expect(thrown).toBeInstanceOf(AppError);
        expect((thrown as AppError).code).toBe('invalid_request');
        expect((thrown as AppError).message).toMatch(/^[\x20-\x7e]{1,200}$/);
      }),
      { numRuns: 500 },
    ));

  it('never lets an id pass that is over the limit', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9_]*:[a-z0-9._-]+$/, { maxLength: 200 }), (text) => {
        const thrown = thrownBy(() => parseConnectorId(text));

        expect(thrown !== undefined || byteLength(text) <= limits.connectorIdBytesMax).toBe(true);
      }),
    ));
});

describe('parseSlug', () => {
  it('trims and lowers', () => {
    expect(parseSlug<IntegrationId>(' Site-1 ', 'webhook id')).toBe('site-1');
  });

  it('refuses with an AppError that names what it should have been', () =>
    fc.assert(
      fc.property(anyText(100), (text) => {
        const thrown = thrownBy(() => parseSlug(text, 'rule id'));

        if (thrown === undefined) return;
        expect(thrown).toBeInstanceOf(AppError);
        expect((thrown as AppError).message).toContain('rule id');
      }),
    ));

  it('leaves a slug as it is', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/), (slug) => {
        expect(parseSlug(slug, 'rule id')).toBe(slug);
      }),
    ));
});

it('tells a webhook from a connector by its source', () => {
  const source = webhookSource('site' as IntegrationId);

  expect(integrationOf(source)).toBe('site');
  expect(integrationOf(connectorId('echo', 'default'))).toBeUndefined();
});

it('names a turn after its event, and finds the event again', () => {
  const event = 'evt_01j0' as EventId;

  expect(turnIdOf(event)).toBe('turn_01j0');
  expect(eventIdOfTurn(turnIdOf(event))).toBe(event);
});
