import { parseVaultRef } from '../domain/vault-ref.ts';
import type { ApiClient } from './client.ts';

/** @throws AppError `invalid_request` when `ref` is no vault reference. */
export async function storeSecret(api: ApiClient, ref: string, value: string): Promise<void> {
  const { scope, key } = parseVaultRef(ref);
  await api('PUT /secrets/{scope}/{key}', { params: { scope, key }, body: { value } });
}
