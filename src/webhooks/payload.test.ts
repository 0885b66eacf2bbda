import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameAt, readPayload, valueAt, withValue } from './payload.ts';
import type { Pointer } from './provider.ts';

const read = (text: string): unknown => readPayload(Buffer.from(text));

describe('reading', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['\ufeff{"a":1}\r\n', { a: 1 }],
    ['"text"', 'text'],
    ['', undefined],
    ['plain text', undefined],
    ['{"a":1', undefined],
    ['a=1&b=two+words&b=3&c=%7B', { a: '1', b: 'two words', c: '{' }],
    ['payload=%7B%22a%22%3A1%7D&other=1', { a: 1 }],
    ['payload=no+json', { payload: 'no json' }],
    ['a=1\n', undefined],
    ['__proto__=1', { ['__proto__']: '1' }],
  ])('makes of %j: %j', (text, payload) => {
    expect(read(text)).toEqual(payload);
  });

  it('reads nothing out of bytes that are not UTF-8', () => {
    expect(readPayload(Buffer.from([0x22, 0xff, 0x22]))).toBeUndefined();
  });

  it('leaves the prototypes of all objects alone', () => {
    read('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    read('__proto__[polluted]=1&__proto__=1');

    expect({}).not.toHaveProperty('polluted');
  });

  it('throws for no bytes whatsoever', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readPayload(bytes)));
  });

  it('gets through brackets without end', () => {
    expect(read('['.repeat(200_000))).toBeUndefined();
    expect(nameAt(read('['.repeat(200_000) + ']'.repeat(200_000)), '/0/0')).toBeUndefined();
  });
});

describe('pointers', () => {
  const payload: unknown = JSON.parse(
    '{"a":{"b":["zero",{"c":"deep"}]},"x/y":1,"m~n":2,"~1":3,"":4,"__proto__":{"own":"yes"},"empty":"","none":null}',
  );

  it.each([
    ['/a/b/0', 'zero'],
    ['/a/b/1/c', 'deep'],
    ['/x~1y', 1],
    ['/m~0n', 2],
    ['/~01', 3],
    ['/', 4],
    ['/__proto__/own', 'yes'],
    ['/a/b/2', undefined],
    ['/a/b/-1', undefined],
    ['/a/b/01', undefined],
    ['/a/b/length', undefined],
    ['/a/b/0/length', undefined],
    ['/a/b/0/0', undefined],
    ['/a/constructor', undefined],
    ['/a/toString', undefined],
    ['/a/__proto__', undefined],
    ['/a/b/map', undefined],
    ['/none/a', undefined],
    ['/missing/a', undefined],
  ] as const)('finds at %s: %j', (pointer, value) => {
    expect(valueAt(payload, pointer)).toBe(value);
  });

  it.each([
    ['/s', 'text'],
    ['/n', '42'],
    ['/negative', '-1'],
    ['/empty', undefined],
    ['/fraction', undefined],
    ['/beyond', undefined],
    ['/truth', undefined],
    ['/list', undefined],
  ] as const)('takes from %s the name %j', (pointer, name) => {
    const named: unknown = JSON.parse(
      '{"s":"text","n":42,"negative":-1,"empty":"","fraction":1.5,"beyond":9007199254740993,"truth":true,"list":["x"]}',
    );

    expect(nameAt(named, pointer)).toBe(name);
  });

  it('read back what was put there, and change nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        fc.string(),
        (tokens, value) => {
          const pointer = tokens
            .map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`)
            .join('') as Pointer;

          const changed = withValue({ untouched: { deep: 1 } }, pointer, value);

          expect(valueAt(changed, pointer)).toBe(value);
          if (tokens[0] !== 'untouched') expect(valueAt(changed, '/untouched/deep')).toBe(1);
        },
      ),
      { examples: [[['__proto__', 'a'], 'x']] },
    );
  });
});
