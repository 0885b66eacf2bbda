import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { isAppError } from '../domain/errors.ts';
import { accountOf, type ConnectorId, kindOf } from '../domain/ids.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import type { Vault } from './vault.ts';

/** Seals what adapters note, under a key that is a secret of their connector like any other. */
export interface NoteSealer {
  /** @throws AppError `vault_locked`. */
  seal(connector: ConnectorId, name: string, value: string): Promise<string>;
  /** Undefined when it does not open: it was sealed under another name, or its key is gone. @throws AppError `vault_locked`. */
  open(connector: ConnectorId, name: string, sealed: string): Promise<string | undefined>;
}

const cipherName = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export function createNoteSealer(vault: Pick<Vault, 'put' | 'resolve'>): NoteSealer {
  const making = new Map<ConnectorId, Promise<Buffer>>();
  const findKey = async (connector: ConnectorId): Promise<Buffer | undefined> => {
    try {
      return Buffer.from((await vault.resolve(keyRef(connector))).reveal(), 'base64');
    } catch (error) {
      if (isAppError(error, 'not_found')) return undefined;
      throw error;
    }
  };
  const makeKey = async (connector: ConnectorId): Promise<Buffer> => {
    // Whoever looked before the first one was stored gets here after it was.
    const known = await findKey(connector);
    if (known) return known;
    const key = randomBytes(keyBytes);
    await vault.put(keyRef(connector), key.toString('base64'));
    return key;
  };
  /** Of two first notes at once, both have to use the one key. */
  const makeOnce = (connector: ConnectorId): Promise<Buffer> => {
    const underWay = making.get(connector);
    if (underWay) return underWay;
    const made = makeKey(connector).finally(() => making.delete(connector));
    making.set(connector, made);
    return made;
  };
  return {
    async seal(connector, name, value) {
      const key = (await findKey(connector)) ?? (await makeOnce(connector));
      return sealNote(key, context(connector, name), value);
    },

    async open(connector, name, sealed) {
      const key = await findKey(connector);
      return key && openNote(key, context(connector, name), sealed);
    },
  };
}

function keyRef(connector: ConnectorId): VaultRef {
  return { scope: `channel:${kindOf(connector)}:${accountOf(connector)}`, key: 'note-key' };
}

function sealNote(key: Buffer, aad: Buffer, value: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes }).setAAD(aad);
  const sealed = [nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64');
}

function openNote(key: Buffer, aad: Buffer, text: string): string | undefined {
  const sealed = Buffer.from(text, 'base64');
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const tagOffset = sealed.length - tagBytes;
  try {
    const decipher = createDecipheriv(cipherName, key, sealed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(aad)
      .setAuthTag(sealed.subarray(tagOffset));
    const plain = [decipher.update(sealed.subarray(nonceBytes, tagOffset)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch {
    return undefined;
  }
}

function context(connector: ConnectorId, name: string): Buffer {
  return Buffer.from(JSON.stringify(['palyra', 'note', connector, name]), 'utf8');
}
