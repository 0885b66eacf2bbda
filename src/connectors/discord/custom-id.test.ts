import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { expiryLength, readCustomId, withExpiry } from './custom-id.ts';

describe('the id of a component', () => {
  it('is read as it was given, with the time until which it is good', () =>
    fc.assert(
      fc.property(anyText(), fc.integer({ min: 0, max: 2.8e12 }), (id, until) => {
        fc.pre(id !== '');

        const written = withExpiry(id, until);

        expect(readCustomId(written)).toEqual({ id, until });
        expect(written).toHaveLength(id.length + expiryLength);
      }),
    ));

  it.each(['pick', 'pick~until:', '~until:mbx1k2zz', 'pick~until:mbx1k2zz!', 'pick~until:MBX1K2ZZ'])(
    'has no time when it is %j',
    (id) => {
      expect(readCustomId(id)).toEqual({ id });
    },
  );
});
