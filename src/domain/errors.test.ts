import { describe, expect, it } from 'vitest';
import { AppError, errorTable, isAppError } from './errors.ts';

describe('AppError.from', () => {
  it('leaves an AppError as it is', () => {
    const error = new AppError('not_found', 'There is no such thing.');

    expect(AppError.from(error)).toBe(error);
  });

  it.each([[new TypeError('token=s3cr3t')], ['s3cr3t'], [undefined], [{ secret: 's3cr3t' }]])(
    'makes %s an internal error that keeps the cause and shows nothing of it',
    (thrown) => {
      const error = AppError.from(thrown);

      expect(error.code).toBe('internal');
      expect(error.cause).toBe(thrown);
      expect(error.message).not.toContain('s3cr3t');
    },
  );
});

it('tells codes apart', () => {
  const error = new AppError('unavailable', 'Later.');

  expect(isAppError(error)).toBe(true);
  expect(isAppError(error, 'timeout', 'unavailable')).toBe(true);
  expect(isAppError(error, 'timeout')).toBe(false);
  expect(isAppError(new Error('unavailable'), 'unavailable')).toBe(false);
});

it('has for every code a status that says failure, an exit that is not 0, and a sentence', () => {
  for (const [code, { status, exit, meaning }] of Object.entries(errorTable)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(exit, code).toBeGreaterThanOrEqual(64);
    expect(meaning, code).toMatch(/\.$/);
  }
});
