import type { Agent } from '../../agents/agent.ts';
import type { AgentSpec } from '../../domain/agent-spec.ts';
import { AppError } from '../../domain/errors.ts';
import {
  type AgentId,
  connectorId,
  type EventId,
  type NextId,
  parseSlug,
  type RuleId,
} from '../../domain/ids.ts';
import type { InboundMessageEvent } from '../../domain/inbound-event.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';
import type { AgentDirectory } from '../agent-directory.ts';
import { randomHex } from '../ingest.ts';
import { runTurn, type TurnResult } from '../run-turn.ts';

export interface AgentsDeps {
  readonly store: Pick<Store, 'agents'>;
  readonly directory: AgentDirectory;
  readonly createAgent: (spec: AgentSpec) => Agent;
  readonly kinds: readonly string[];
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly random: () => number;
}

/** The agents: configured, and tried out. */
export class Agents {
  readonly #deps: AgentsDeps;

  constructor(deps: AgentsDeps) {
    this.#deps = deps;
  }

  get kinds(): readonly string[] {
    return this.#deps.kinds;
  }

  /** `usable`: its kind is known and its config fits. */
  async list(): Promise<readonly (AgentSpec & { usable: boolean })[]> {
    const usable = new Set(this.#deps.directory.list().map(({ id }) => id));
    return (await this.#deps.store.agents.listAgents()).map((spec) => ({
      ...spec,
      usable: usable.has(spec.id),
    }));
  }

  /** @throws AppError `invalid_request` when the config does not fit the kind. */
  async save(spec: AgentSpec): Promise<AgentSpec & { usable: boolean }> {
    const named = { ...spec, id: parseSlug<AgentId>(spec.id, 'agent id') };
    this.#deps.createAgent(named);
    await this.#deps.store.agents.putAgent(named);
    await this.#deps.directory.reload();
    return { ...named, usable: true };
  }

  /** @throws AppError `not_found`. */
  async remove(id: string): Promise<void> {
    if (!(await this.#deps.store.agents.removeAgent(id as AgentId))) throw noAgent();
    await this.#deps.directory.reload();
  }

  /** Runs a made-up turn. Nothing is stored and nothing is sent. */
  async test(id: string, text: string): Promise<{ result: TurnResult; durationMs: number }> {
    const { directory, clock, nextId, random } = this.#deps;
    const live = directory.find(id as AgentId);
    if (!live) throw noAgent();
    const startedAt = clock.monotonic();
    const source = connectorId('echo', 'test');
    const event: InboundMessageEvent = {
      type: 'message.created',
      source,
      dedupeKey: 'test',
      lane: `${source}/test`,
      occurredAt: clock.now(),
      address: { connector: source, conversation: 'test', message: 'test' },
      sender: { id: 'echo:user:tester', display: 'tester', kind: 'human', verified: true, roles: [] },
      direct: true,
      text,
      attachments: [],
      mentions: { self: false, everyone: false, users: [] },
      broadcast: false,
    };
    const leased = {
      leaseId: 'test',
      lane: event.lane,
      event,
      eventId: nextId<EventId>('evt'),
      source,
      traceId: randomHex(random, 32),
      acceptedAt: clock.now(),
      attempt: 1,
      firstAttemptAt: clock.now(),
      interrupted: false,
      overdue: false,
    };
    const decision = {
      action: 'accept',
      reason: 'routed',
      rule: 'test' as RuleId,
      agent: live.spec.id,
      sessionKey: event.lane,
    } as const;
    const result = await runTurn(leased, decision, live, new AbortController().signal, clock);
    return { result, durationMs: clock.monotonic() - startedAt };
  }
}

function noAgent(): AppError {
  return new AppError('not_found', 'There is no such agent, or it is switched off. See: palyra agents list.');
}
