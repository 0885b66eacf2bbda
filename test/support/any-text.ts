import fc from 'fast-check';

/** Every string that JavaScript can hold: with zero bytes, control characters, and halves of characters too. */
export function anyText(maxLength = 40): fc.Arbitrary<string> {
  const unit = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('/', '%', '#', ':', '.', '-', '*', '@', ' ', '\0', '\n', 'a', '2', 'F'),
    },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) },
    { weight: 1, arbitrary: fc.constantFrom('é', '你', '😀', '\ud83d', '\ude00', '\u0301') },
  );
  return fc.string({ unit, maxLength });
}
