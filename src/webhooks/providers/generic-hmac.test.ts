import { describe, expect, it } from 'vitest';
import { type ContractSubject, providerContract } from '../contract.ts';
import { schemeOf } from '../provider.ts';
import { genericHmac } from './generic-hmac.ts';
import { genericHmacSubjects } from './generic-hmac.vectors.ts';

describe.each(genericHmacSubjects)('the provider contract, with the settings of $name', (subject) => {
  for (const { name, run } of providerContract(subject)) it(name, run);
});

/** Settings that no vector covers. Their vectors would be our own; what they prove is the rest of the contract. */
const more: readonly Record<string, unknown>[] = [
  { header: 'X-Signature', hash: 'sha1', prefix: 'sha1=' },
  { header: 'X-Signature', hash: 'sha512', encoding: 'base64', secret: 'base64' },
  { header: 'X-Signature', idHeader: 'X-Id', eventHeader: 'X-Event', secret: 'hex' },
  { header: 'X-Signature', idHeader: 'X-Id', dedupe: 'id', lanePointer: '/sample' },
  {
    header: 'X-Signature',
    separator: ',',
    prefix: 'v1=',
    idPointer: '/event/id',
    eventPointer: '/event/type',
  },
  {
    header: 'X-Signature',
    separator: ';',
    signatureField: 'h1',
    timestampField: 'ts',
    template: '{timestamp}:{body}',
    toleranceSeconds: 5,
  },
  {
    header: 'X-Signature',
    timestampHeader: 'X-Time',
    idHeader: 'X-Id',
    template: 'https://hooks.example/{id}\n{timestamp}{body}',
    timestampUnit: 'ms',
    secret: 'whsec',
  },
];

describe.each(more)('the provider contract, with $0', (settings) => {
  const subject: ContractSubject = { provider: genericHmac, settings, vectors: [] };
  const cases = providerContract(subject).filter(({ name }) => name !== 'comes with a vector of its own');
  for (const { name, run } of cases) it(name, run);
});

describe('settings', () => {
  it('need no more than the header', () => {
    expect(schemeOf(genericHmac, { header: 'X-Signature' })).toMatchObject({
      signature: { header: 'X-Signature', hash: 'sha256', encoding: 'hex', content: '{body}' },
      secret: 'text',
    });
  });

  it.each([
    [{}, 'header'],
    [{ header: 'X Signature' }, 'header'],
    [{ header: 'X-Signature\r\nX-Other' }, 'header'],
    [{ hash: 'md5' }, 'hash'],
    [{ colour: 'red' }, 'colour'],
    [{ template: 'nothing' }, '{body}'],
    [{ template: '{body}{body}' }, '{body}'],
    [{ template: '{Body}{body}' }, 'template'],
    [{ template: '{timestamp}.{body}' }, 'timestampHeader'],
    [{ template: '{id}.{body}' }, 'idHeader'],
    [{ template: '{id}{body}', idHeader: 'X-Id' }, 'between {id} and {body}'],
    [{ template: '{id}.{id}.{body}', idHeader: 'X-Id' }, 'twice'],
    [{ timestampHeader: 'X-Time' }, 'not signed proves nothing'],
    [{ timestampHeader: 'X-Time', timestampField: 't', template: '{timestamp}{body}' }, 'timestampField'],
    [{ timestampField: 't', template: '{timestamp}{body}' }, 'signatureField'],
    [
      { timestampField: 'v1', signatureField: 'v1', separator: ',', template: '{timestamp}{body}' },
      'timestampField',
    ],
    [{ signatureField: 'v1' }, 'separator'],
    [{ signatureField: 'v1', separator: ',', prefix: 'x' }, 'prefix'],
    [{ idHeader: 'X-Id', idPointer: '/id' }, 'idPointer'],
    [{ idPointer: 'id' }, 'idPointer'],
    [{ idPointer: '/a~2' }, 'idPointer'],
    [{ dedupe: 'id' }, 'dedupe'],
    [{ idHeader: 'x-signature' }, 'two things'],
    [{ idHeader: 'X-Id', eventHeader: 'x-id' }, 'two things'],
    [{ toleranceSeconds: 0 }, 'toleranceSeconds'],
    [{ toleranceSeconds: 90_000 }, 'toleranceSeconds'],
  ])('are refused with %j, and the message says %j', (settings, message) => {
    const header = Object.keys(settings).length === 0 ? {} : { header: 'X-Signature' };

    const parse = (): unknown => schemeOf(genericHmac, { ...header, ...settings });

    expect(parse).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(message) }),
    );
  });
});
