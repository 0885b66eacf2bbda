import type { AgentSpec } from '../domain/agent-spec.ts';
import { AppError } from '../domain/errors.ts';
import type { Agent, AgentDeps, AgentKind } from './agent.ts';
import { echoAgent } from './echo.ts';
import { httpAgent } from './http.ts';

/** The kinds that this program knows. A new one is a file beside and a line here. */
export function agentKinds(): readonly AgentKind[] {
  return [echoAgent, httpAgent];
}

/** @throws AppError `invalid_request` when the kind is unknown, or when the config does not fit it: the message names the key. */
export function createAgent(
  spec: Pick<AgentSpec, 'kind' | 'config'>,
  deps: AgentDeps,
  kinds: readonly AgentKind[] = agentKinds(),
): Agent {
  const kind = kinds.find((candidate) => candidate.kind === spec.kind);
  if (!kind) {
    const known = kinds.map((candidate) => candidate.kind).join(', ');
    throw new AppError(
      'invalid_request',
      `There is no agent kind "${spec.kind.slice(0, 40)}". Known: ${known}.`,
    );
  }
  const parsed = kind.configSchema.safeParse(spec.config);
  if (parsed.success) return kind.create(parsed.data, deps);
  const [issue] = parsed.error.issues;
  throw new AppError(
    'invalid_request',
    `Agent config: ${[...(issue?.path ?? []), issue?.message ?? 'not valid'].join(': ')}`,
  );
}
