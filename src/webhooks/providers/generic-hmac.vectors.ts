import type { ContractSubject } from '../contract.ts';
import { genericHmac } from './generic-hmac.ts';

/** Schemes of real senders, each written down as settings, with what those senders published. */
export const genericHmacSubjects: readonly (ContractSubject & { readonly name: string })[] = [
  {
    name: 'LINE',
    provider: genericHmac,
    settings: { header: 'x-line-signature', encoding: 'base64' },
    vectors: [
      {
        name: 'the example of the SDK',
        source: 'https://github.com/line/line-bot-sdk-nodejs/blob/master/test/validate-signature.spec.ts',
        secret: 'test_secret',
        headers: ['x-line-signature', 't7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM='],
        body: Buffer.from('{"hello":"world"}'),
        at: 0,
        expected: {
          event: 'unknown',
          dedupeKey: 'sha256:93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588',
        },
      },
    ],
  },
  {
    name: 'Sanity',
    provider: genericHmac,
    settings: {
      header: 'sanity-webhook-signature',
      encoding: 'base64url',
      separator: ',',
      signatureField: 'v1',
      timestampField: 't',
      timestampUnit: 'ms',
      template: '{timestamp}.{body}',
      idPointer: '/_id',
    },
    vectors: [
      {
        name: 'the example of the toolkit',
        source: 'https://github.com/sanity-io/webhook-toolkit/blob/main/test/signature.test.ts',
        secret: 'test',
        headers: [
          'sanity-webhook-signature',
          't=1633519811129,v1=tLa470fx7qkLLEcMOcEUFuBbRSkGujyskxrNXcoh0N0',
        ],
        body: Buffer.from('{"_id":"resume"}'),
        at: 1_633_519_811_129,
        expected: { dedupeKey: 'id:resume' },
      },
    ],
  },
  {
    name: 'X',
    provider: genericHmac,
    settings: { header: 'x-twitter-webhooks-signature', encoding: 'base64', prefix: 'sha256=' },
    vectors: [
      {
        name: 'the construction that signs bodies and challenges alike',
        source: 'https://github.com/frain-dev/convoy/blob/main/internal/pkg/crc/crc_test.go',
        secret: 'Convoy',
        headers: ['x-twitter-webhooks-signature', 'sha256=HXvxTdsfShG6k2zC9NVANwFquJBdOugRYHax2vNiiOo='],
        body: Buffer.from('uzwcfYtzr9'),
        at: 0,
        expected: {},
      },
    ],
  },
];
