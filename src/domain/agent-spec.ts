import type { AgentId } from './ids.ts';

/** An agent as the operator configured it. `config` belongs to its kind. */
export interface AgentSpec {
  readonly id: AgentId;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  /** How many of its turns may run at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly attemptsMax: number;
}
