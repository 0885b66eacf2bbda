import type { AgentId, SourceId } from '../domain/ids.ts';
import { type Clock, deadline } from '../lib/clock.ts';
import { Gate } from './gate.ts';

export interface TurnPlacesDeps {
  readonly clock: Clock;
  /** Turns of one source that one agent may work on at once. */
  readonly perSourceMax: number;
  /** Rows that may wait here as long as it takes, shared evenly by the agents. */
  readonly waitingMax: number;
  readonly countAgents: () => number;
  /** The longest that a row is put off when there is no room for it to wait here. */
  readonly putOffMsMax: number;
}

export interface TurnToPlace {
  readonly source: SourceId;
  readonly agent: AgentId;
  /** Turns that the agent may work on at once. */
  readonly concurrency: number;
}

export type TurnPlace = { readonly leave: () => void } | { readonly comeAgainAt: number };

/** How long a row beyond the share of its agent waits for the line to move. */
const patienceMs = 1_000;
const putOffMsMin = 500;
/** Between two rows that are put off, so that a long line costs few looks at it. */
const spacingMs = 5;

interface Line {
  movedAt: number;
  lastPutOffTo: number;
}

/**
 * Where turns wait for their agents. A row that waits here keeps a place of the worker, so each agent has a
 * share of them only. What comes beyond it, for an agent whose line does not move, is put off, so that one
 * slow agent never holds up the rows of the others.
 */
export class TurnPlaces {
  readonly #deps: TurnPlacesDeps;
  readonly #gate = new Gate();
  readonly #lines = new Map<AgentId, Line>();

  constructor(deps: TurnPlacesDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves with the way to leave once the agent can take the turn, or with when to come again, in Unix ms.
   * Rejects with the signal's reason when it aborts before.
   */
  async enter(turn: TurnToPlace, signal: AbortSignal): Promise<TurnPlace> {
    const line = this.#lineOf(turn.agent);
    if (this.#gate.waitingFor(turn.agent) < this.#share()) return this.#wait(turn, line, signal);
    if (this.#deps.clock.monotonic() - line.movedAt >= patienceMs) return this.#putOff(line);
    const patience = deadline(this.#deps.clock, patienceMs, () => 'The line is too long.', signal);
    try {
      return await this.#wait(turn, line, patience.signal);
    } catch {
      signal.throwIfAborted();
      return this.#putOff(line);
    } finally {
      patience.clear();
    }
  }

  async #wait(
    { source, agent, concurrency }: TurnToPlace,
    line: Line,
    signal: AbortSignal,
  ): Promise<TurnPlace> {
    const places = {
      [`${source} ${agent}`]: this.#deps.perSourceMax,
      [agent]: Math.max(concurrency, 1),
    };
    const leave = await this.#gate.enter(places, signal);
    line.movedAt = this.#deps.clock.monotonic();
    return { leave };
  }

  #share(): number {
    return Math.max(1, Math.floor(this.#deps.waitingMax / Math.max(this.#deps.countAgents(), 1)));
  }

  #putOff(line: Line): TurnPlace {
    const now = this.#deps.clock.now();
    const next = Math.max(now + putOffMsMin, line.lastPutOffTo + spacingMs);
    line.lastPutOffTo = Math.min(next, now + this.#deps.putOffMsMax);
    return { comeAgainAt: line.lastPutOffTo };
  }

  #lineOf(agent: AgentId): Line {
    const known = this.#lines.get(agent);
    if (known) return known;
    const line = { movedAt: this.#deps.clock.monotonic(), lastPutOffTo: 0 };
    this.#lines.set(agent, line);
    return line;
  }
}
