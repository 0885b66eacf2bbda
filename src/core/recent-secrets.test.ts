import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import { formatVaultRef, parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import { Secret } from '../lib/secret.ts';
import type { Topic } from '../store/store.ts';
import { rememberSecrets } from './recent-secrets.ts';

const ref = parseVaultRef('webhook:site/secret');
const other = parseVaultRef('webhook:site/other');

/** A vault whose values can be set, and what was asked of it. */
class World {
  readonly clock = new ManualClock();
  readonly values = new Map<string, string>();
  readonly asked: string[] = [];
  readonly #open: (name: VaultRef) => Promise<Secret>;
  #listener: (topics: ReadonlySet<Topic>) => void = () => undefined;

  constructor() {
    this.#open = rememberSecrets({
      clock: this.clock,
      resolve: (asked) => this.#resolve(asked),
      watch: (listener) => {
        this.#listener = listener;
        return () => undefined;
      },
    });
  }

  set(name: VaultRef, value: string): void {
    this.values.set(formatVaultRef(name), value);
    this.commit('secrets');
  }

  commit(topic: Topic): void {
    this.#listener(new Set([topic]));
  }

  async reveal(name: VaultRef): Promise<string> {
    return (await this.#open(name)).reveal();
  }

  async #resolve(name: VaultRef): Promise<Secret> {
    const key = formatVaultRef(name);
    this.asked.push(key);
    const value = this.values.get(key);
    if (value === undefined) throw new AppError('not_found', 'There is none.');
    return new Secret(value);
  }
}

describe('a secret that was opened a moment ago', () => {
  it('is not opened again', async () => {
    const world = new World();
    world.set(ref, 'one');
    world.set(other, 'two');

    const values = [await world.reveal(ref), await world.reveal(other), await world.reveal(ref)];

    expect(values).toEqual(['one', 'two', 'one']);
    expect(world.asked).toEqual(['webhook:site/secret', 'webhook:site/other']);
  });

  it('is opened once for all who ask at the same time', async () => {
    const world = new World();
    world.set(ref, 'one');

    await Promise.all(Array.from({ length: 50 }, () => world.reveal(ref)));

    expect(world.asked).toHaveLength(1);
  });

  it('is opened again as soon as a secret has changed, and not for anything else', async () => {
    const world = new World();
    world.set(ref, 'one');
    await world.reveal(ref);

    world.commit('inbox');
    const before = await world.reveal(ref);
    world.set(ref, 'two');

    expect([before, await world.reveal(ref)]).toEqual(['one', 'two']);
    expect(world.asked).toHaveLength(2);
  });

  it('is opened again when it changed while it was being opened', async () => {
    const world = new World();
    world.set(ref, 'one');
    const opening = world.reveal(ref);

    world.set(ref, 'two');

    expect([await opening, await world.reveal(ref)]).toEqual(['one', 'two']);
  });

  it('is opened again after a second, for a vault may have locked', async () => {
    const world = new World();
    world.set(ref, 'one');
    await world.reveal(ref);
    world.values.clear();

    world.clock.advance(999);
    const before = await world.reveal(ref);
    world.clock.advance(1);

    expect(before).toBe('one');
    await expect(world.reveal(ref)).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('does not remember that a secret could not be opened', async () => {
  const world = new World();
  await expect(world.reveal(ref)).rejects.toMatchObject({ code: 'not_found' });

  world.values.set(formatVaultRef(ref), 'one');

  expect(await world.reveal(ref)).toBe('one');
});
