import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { connectorId } from '../domain/ids.ts';
import { formatVaultRef, parseVaultRef } from '../domain/vault-ref.ts';
import { Secret } from '../lib/secret.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import { createNoteSealer, type NoteSealer } from './note-sealer.ts';
import { createWorld, type World } from './vault.fixture.ts';
import type { Vault } from './vault.ts';

const desk = connectorId('discord', 'desk');
const other = connectorId('discord', 'other');

async function begun(): Promise<{ vault: Vault; sealer: NoteSealer; world: World }> {
  const world = createWorld(openInlineSqliteStore);
  const vault = await world.start();
  return { world, vault, sealer: createNoteSealer(vault) };
}

describe('a note', () => {
  it('is opened under its own name, by its own connector, and by nobody else', async () => {
    const { sealer } = await begun();
    await sealer.seal(other, 'ticket', 'so that it has a key');

    const sealed = await sealer.seal(desk, 'ticket', 'a token that nobody may see');

    expect(await sealer.open(desk, 'ticket', sealed)).toBe('a token that nobody may see');
    expect(await sealer.open(desk, 'another ticket', sealed)).toBeUndefined();
    expect(await sealer.open(other, 'ticket', sealed)).toBeUndefined();
    expect(await sealer.open(connectorId('discord', 'nobody'), 'ticket', sealed)).toBeUndefined();
  });

  it('shows nothing of what it says, and never looks the same twice', async () => {
    const { sealer } = await begun();

    const sealed = await Promise.all(['aaaaaaaa', 'aaaaaaaa'].map((text) => sealer.seal(desk, 'n', text)));

    expect(sealed[0]).not.toBe(sealed[1]);
    for (const text of sealed) expect(Buffer.from(text, 'base64').toString('latin1')).not.toContain('aaaa');
  });

  it('is not opened when anything in it was changed', async () => {
    const { sealer } = await begun();
    const bytes = Buffer.from(await sealer.seal(desk, 'n', 'grüße'), 'base64');

    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;

        expect(await sealer.open(desk, 'n', changed.toString('base64'))).toBeUndefined();
      }),
    );
    for (const cut of [0, 1, 27, bytes.length - 1])
      expect(await sealer.open(desk, 'n', bytes.subarray(0, cut).toString('base64'))).toBeUndefined();
  });

  it('survives a rotation of the master key, and a restart', async () => {
    const { sealer, vault, world } = await begun();
    const sealed = await sealer.seal(desk, 'n', 'still here');

    await vault.rotateMasterKey();
    const after = await sealer.open(desk, 'n', sealed);
    const restarted = createNoteSealer(await world.start());

    expect(after).toBe('still here');
    expect(await restarted.open(desk, 'n', sealed)).toBe('still here');
  });

  it('has one key, however many first ones there are at once', async () => {
    const { sealer, vault } = await begun();

    const sealed = await Promise.all(
      Array.from({ length: 20 }, (_none, index) => sealer.seal(desk, 'n', `note ${index}`)),
    );

    expect(await Promise.all(sealed.map((text) => sealer.open(desk, 'n', text)))).toEqual(
      sealed.map((_text, index) => `note ${index}`),
    );
    expect((await vault.list()).map(({ ref }) => formatVaultRef(ref))).toEqual([
      'channel:discord:desk/note-key',
    ]);
  });

  it('has one key, also for who looked for it before it was made and heard so afterwards', async () => {
    const vault = new SlowVault();
    const sealer = createNoteSealer(vault);
    const late = sealer.seal(desk, 'n', 'late');
    vault.answerLater();
    const early = await sealer.seal(desk, 'n', 'early');

    vault.answerNow();

    expect(await sealer.open(desk, 'n', early)).toBe('early');
    expect(await sealer.open(desk, 'n', await late)).toBe('late');
    expect(vault.puts).toBe(1);
  });

  it('says that the vault is locked, and nothing else', async () => {
    const { sealer, world } = await begun();
    const sealed = await sealer.seal(desk, 'n', 'text');
    const locked = createNoteSealer(await world.start({ source: { kind: 'env', variable: 'NOWHERE' } }));

    await expect(locked.seal(desk, 'n', 'more')).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(locked.open(desk, 'n', sealed)).rejects.toMatchObject({ code: 'vault_locked' });
  });

  it('is gone with its key, and a new one gets a new key', async () => {
    const { sealer, vault } = await begun();
    const sealed = await sealer.seal(desk, 'n', 'old');

    await vault.remove(parseVaultRef('channel:discord:desk/note-key'));
    const gone = await sealer.open(desk, 'n', sealed);
    const renewed = await sealer.seal(desk, 'n', 'new');

    expect(gone).toBeUndefined();
    expect(await sealer.open(desk, 'n', sealed)).toBeUndefined();
    expect(await sealer.open(desk, 'n', renewed)).toBe('new');
  });
});

/** One that answers the first question last. */
class SlowVault implements Pick<Vault, 'put' | 'resolve'> {
  puts = 0;
  #value: string | undefined;
  #questions = 0;
  readonly #answer = Promise.withResolvers<undefined>();

  async resolve(): Promise<Secret> {
    const value = this.#value;
    if (++this.#questions === 1) await this.#answer.promise;
    if (value === undefined) throw new AppError('not_found', 'There is no such secret.');
    return new Secret(value);
  }

  put(_ref: unknown, value: string): Promise<void> {
    this.puts++;
    this.#value = value;
    return Promise.resolve();
  }

  answerLater(): void {
    if (this.#questions !== 1) throw new Error('Nobody has asked.');
  }

  answerNow(): void {
    this.#answer.resolve(undefined);
  }
}
