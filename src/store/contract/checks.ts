import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type ErrorCode, isAppError } from '../../domain/errors.ts';

/** Holds when `work` is refused with this code. */
export async function rejectsWith(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown !== undefined, `should have been refused with ${code}`);
  assert.ok(isAppError(thrown, code), `should have been refused with ${code}, not: ${inspect(thrown)}`);
}

/** The only element. */
export function only<Item>(items: readonly Item[]): Item {
  assert.equal(items.length, 1, `should be one, not ${items.length}`);
  return items[0] as Item;
}

/** What is surely there. */
export function known<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined, 'should be there');
  return value;
}
