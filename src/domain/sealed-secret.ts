/** A secret as the vault sealed it. The store never sees it open. */
export interface SealedSecret {
  readonly scope: string;
  readonly key: string;
  /** Which master key wraps its data key. */
  readonly masterKeyId: string;
  readonly envelope: Uint8Array;
  readonly createdAt: number;
  readonly updatedAt: number;
}
