import type { AgentSpec } from '../domain/agent-spec.ts';
import type { AgentId, RuleId, TokenId } from '../domain/ids.ts';
import type { Rule } from '../domain/rule.ts';
import type { SealedSecret } from '../domain/sealed-secret.ts';
import type { TokenRecord } from '../domain/token.ts';

export interface RuleStore {
  /** In the order in which they are asked. */
  listRules(): Promise<readonly Rule[]>;
  putRule(rule: Rule): Promise<void>;
  removeRule(id: RuleId): Promise<boolean>;
}

export interface AgentStore {
  listAgents(): Promise<readonly AgentSpec[]>;
  putAgent(agent: AgentSpec): Promise<void>;
  removeAgent(id: AgentId): Promise<boolean>;
}

export interface TokenStore {
  listTokens(): Promise<readonly TokenRecord[]>;
  getTokenByDigest(digest: string): Promise<TokenRecord | undefined>;
  putToken(token: TokenRecord): Promise<void>;
  /** @throws AppError `not_found`. */
  revokeToken(id: TokenId, at: number): Promise<void>;
}

export interface SecretStore {
  /** Names only: no envelope is read. */
  listSecrets(): Promise<readonly Omit<SealedSecret, 'envelope'>[]>;
  getSecret(scope: string, key: string): Promise<SealedSecret | undefined>;
  getSecretPresence(scope: string, key: string): Promise<boolean>;
  putSecret(secret: SealedSecret): Promise<void>;
  removeSecret(scope: string, key: string): Promise<boolean>;
  listSealedSecrets(): Promise<readonly SealedSecret[]>;
  /** Replaces envelopes and the mark of the master key in one commit. @throws AppError `conflict` if one has changed meanwhile. */
  rewrapSecrets(
    secrets: readonly SealedSecret[],
    masterKeyId: string,
    previousMasterKeyId: string,
  ): Promise<void>;
  /** The master key that the secrets are wrapped with; absent in a new store. */
  getMasterKeyId(): Promise<string | undefined>;
  putMasterKeyId(id: string): Promise<void>;
}

/** Small values of the installation itself, such as that the first start has happened. */
export interface MetaStore {
  getMeta(key: string): Promise<string | undefined>;
  putMeta(key: string, value: string): Promise<void>;
}
