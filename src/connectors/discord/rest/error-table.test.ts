import { RESTJSONErrorCodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';
import { isReasonCode } from '../../../domain/reasons.ts';
import { rowByCode } from './error-codes.ts';
import { errorRowOf } from './error-table.ts';
import { type Effect, outcomeOf } from './outcome.ts';

const documented: readonly number[] = Object.values(RESTJSONErrorCodes).filter(
  (code) => typeof code === 'number',
);
const effects: readonly Effect[] = ['create', 'edit', 'delete', 'react', 'unreact', 'typing'];

/** What comes of a refusal: kind, reason, how far it reaches. */
function verdict(status: number, code: number, effect: Effect = 'create'): string {
  const outcome = outcomeOf({ kind: 'refused', status, code, detail: 'x', fields: [], sent: true }, effect);
  switch (outcome.kind) {
    case 'delivered':
      return 'delivered';
    case 'unknown':
      return `unknown ${outcome.code}`;
    case 'rejected':
      return `rejected ${outcome.code} ${outcome.scope}`;
    case 'retry':
      return `${outcome.deferral ? 'deferral' : 'retry'} ${outcome.code} ${outcome.scope}`;
  }
}

describe('the table of errors', () => {
  it.each(documented.filter((code) => code !== 0))('has the documented code %i', (code) => {
    expect(rowByCode.get(code)).toBeDefined();
  });

  it('has no code twice, and none that nobody knows', () => {
    expect([...rowByCode.keys()].filter((code) => !documented.includes(code))).toEqual([]);
  });

  it.each([...rowByCode])('says of %i what it means, and how long a wait is', (_code, row) => {
    expect(row.hint).toMatch(/^[A-Z].*\.$/);
    expect(isReasonCode(row.reason)).toBe(true);
    expect(row.afterMs !== undefined).toBe(row.outcome === 'deferral');
    if (row.isOfPlace === true) expect(row.scope).toBe('lane');
  });
});

describe('what a code comes to', () => {
  it.each([
    ['rejected unauthenticated connector', 401, [40001, 50014, 50025, 0]],
    ['rejected unauthenticated connector', 403, [20012, 40002, 50178]],
    ['rejected connector_misconfigured connector', 400, [50010, 50041]],
    ['deferral platform_error connector', 403, [40333]],
    ['rejected destination_unavailable lane', 404, [10003, 10004, 10007, 10013, 10015, 0]],
    ['rejected destination_unavailable lane', 403, [40007, 50001, 50007, 50278, 50095]],
    ['rejected destination_unavailable lane', 400, [40058, 50008, 50033, 50055, 50083, 160005]],
    ['rejected permission_missing lane', 403, [50009, 50013, 50017, 50026, 60003, 160002, 160009, 0]],
    ['rejected permission_missing message', 403, [20018, 50005, 50173, 50600, 160014]],
    ['rejected message_gone message', 404, [10008]],
    ['rejected message_gone message', 410, [0]],
    ['rejected message_invalid message', 404, [10014]],
    ['rejected platform_rejected message', 404, [10062]],
    ['rejected platform_rejected message', 400, [40060]],
    ['rejected platform_rejected message', 401, [50027]],
    ['deferral rate_limited lane', 400, [20016, 20022, 20028, 20029, 30034, 30046, 40003, 40062]],
    ['deferral rate_limited lane', 429, [0, 20016, 20028, 20029]],
    ['deferral platform_error lane', 400, [40004, 40006, 110000, 110001]],
    ['deferral platform_error lane', 503, [110000, 110001]],
    ['retry platform_error lane', 400, [40043, 130000, 530006]],
    ['retry platform_error lane', 503, [130000]],
    ['retry platform_error lane', 408, [0]],
    ['unknown platform_error', 500, [0, 50013, 10008, 987654]],
    ['unknown platform_error', 502, [0]],
    ['unknown platform_error', 599, [0]],
    [
      'rejected message_invalid message',
      400,
      [0, 10060, 30015, 40067, 50006, 50016, 50028, 50034, 50035, 50046, 50068],
    ],
    [
      'rejected message_invalid message',
      400,
      [50081, 50109, 50110, 50146, 50151, 50160, 160010, 170001, 220001, 520002],
    ],
    ['rejected message_invalid message', 413, [0, 40005, 50045]],
    [
      'rejected platform_rejected message',
      400,
      [20009, 20031, 30003, 30010, 30032, 160004, 160006, 200000, 240000],
    ],
    ['rejected platform_rejected message', 403, [90001, 400001]],
    ['rejected operation_unsupported message', 403, [20001, 20002, 50003, 50021, 50024, 50162, 520003]],
    ['rejected operation_unsupported message', 405, [0]],
    ['rejected connector_misconfigured connector', 302, [0]],
    ['rejected platform_rejected message', 418, [0, 987654]],
  ])('%s: HTTP %i, codes %j', (expected, status, codes) => {
    expect(codes.map((code) => [code, verdict(status, code)])).toEqual(codes.map((code) => [code, expected]));
  });

  it('is never unknown for a code of an answer that is no failure of the server', () => {
    const unknown = documented.filter((code) => verdict(400, code).startsWith('unknown'));

    expect(unknown).toEqual([]);
  });

  it('is done, when what was to be removed is gone', () => {
    expect(effects.filter((effect) => verdict(404, 10008, effect) === 'delivered')).toEqual([
      'delete',
      'unreact',
    ]);
    expect(verdict(404, 10014, 'unreact')).toBe('delivered');
    expect(verdict(410, 0, 'delete')).toBe('delivered');
  });

  it('takes a code that the table does not have by its status', () => {
    expect(verdict(403, 987654)).toBe('rejected permission_missing lane');
    expect(errorRowOf(404, 987654)).toBe(errorRowOf(404, 0));
  });

  it('waits as long as the platform says, and otherwise as long as the table says', () => {
    const refused = {
      kind: 'refused',
      status: 400,
      code: 20016,
      detail: 'x',
      fields: [],
      sent: true,
    } as const;

    expect(outcomeOf(refused, 'create')).toMatchObject({ afterMs: 10_000 });
    expect(outcomeOf({ ...refused, afterMs: 123 }, 'create')).toMatchObject({ afterMs: 123 });
  });
});
