import { attachmentLimits } from '../support/no-network.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineSettings } from '../../src/core/engine.ts';
import type { AgentId, ConnectorId, ConnectorKind, RuleId } from '../../src/domain/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { openInlineSqliteStore } from '../../src/store/sqlite/open.ts';
import { ChatPlatform, type ChatTraits } from '../fakes/chat/platform.ts';
import { Chance } from './chance.ts';
import { Marks } from './marks.ts';
import { SimProcess } from './sim-process.ts';
import { VirtualClock } from './virtual-clock.ts';
import { calm, storm, type Weather } from './weather.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly traits: ChatTraits;
  readonly onUnknown: 'resend-labelled' | 'hold';
  readonly daemons: number;
  readonly conversations: number;
  readonly messages: number;
}

export const connector = 'chat:sim' as ConnectorId;

const stormMs = 120_000;
const afterMs = 3_600_000;

/**
 * A chat platform with people on it, one store, and daemons that are killed and started again: first a
 * storm of faults, then calm weather in which everything has to come to its end.
 */
export class World {
  readonly options: WorldOptions;
  readonly clock = new VirtualClock();
  readonly marks = new Marks();
  readonly platform: ChatPlatform;
  readonly store: Store;
  readonly #chance: Chance;
  readonly #directory: string;
  readonly processes: SimProcess[] = [];
  #weather: Weather = storm;
  #started = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.#chance = new Chance(options.seed);
    this.platform = new ChatPlatform(options.traits);
    this.#directory = mkdtempSync(join(tmpdir(), 'palyra-sim-'));
    this.store = openInlineSqliteStore(join(this.#directory, 'sim.sqlite'), this.clock.now()).store;
  }

  /** Runs the storm and the calm. Returns whether everything came to its end. */
  async run(): Promise<boolean> {
    await this.#configure();
    for (let index = 0; index < this.options.daemons; index++) this.#startProcess();
    this.#scheduleTalk();
    await this.clock.run(() => false, stormMs);
    this.#weather = calm;
    return this.clock.run(() => this.#isQuiet, afterMs);
  }

  async close(): Promise<void> {
    for (const process of this.processes) process.kill();
    await this.store.close();
    rmSync(this.#directory, { recursive: true });
  }

  #isQuiet = false;

  async #configure(): Promise<void> {
    const now = this.clock.now();
    await this.store.connectors.putConnector({
      id: connector,
      kind: 'chat' as ConnectorKind,
      config: {},
      secretRef: 'global/token',
      enabled: true,
      createdAt: now,
      updatedAt: now,
    });
    await this.store.agents.putAgent({
      id: 'sim' as AgentId,
      kind: 'sim',
      config: {},
      enabled: true,
      concurrency: 8,
      timeoutMs: 30_000,
      attemptsMax: 1_000,
    });
    await this.store.rules.putRule({
      id: 'all' as RuleId,
      position: 1,
      enabled: true,
      match: {},
      action: 'accept',
      agent: 'sim' as AgentId,
      allowFrom: [],
      denyFrom: [],
      directMessages: 'allow',
      mention: { required: false, patterns: [] },
      broadcast: 'deny',
      bots: 'deny',
      isolateSessionBySender: false,
    });
    this.#watchForQuiet();
  }

  /** Looks every virtual second whether anything is left to do. */
  #watchForQuiet(): void {
    const look = async (): Promise<void> => {
      const gauges = await this.store.stats.listGauges();
      const pending = gauges
        .filter(({ state }) => state === 'pending')
        .reduce((sum, { count }) => sum + count, 0);
      const { items } = await this.store.inbox.listEvents({}, { limit: 500 });
      this.#isQuiet = this.#weather === calm && pending === 0 && items.length === this.platform.said.length;
      this.clock.after(1_000, () => void look());
    };
    this.clock.after(1_000, () => void look());
  }

  #startProcess(): void {
    const process = new SimProcess({
      name: `daemon-${++this.#started}`,
      clock: this.clock,
      chance: this.#chance,
      store: this.store,
      platform: this.platform,
      weather: () => this.#weather,
      marks: this.marks,
      settings: settings(this.options.onUnknown),
    });
    this.processes.push(process);
    // A daemon that cannot even read its store at the start ends, and its supervisor starts it again.
    process.start().catch(() => process.kill());
    const look = (): void => {
      if (process.alive) this.clock.after(500, look);
      else this.clock.after(this.#chance.between(200, 8_000), () => this.#startProcess());
    };
    this.clock.after(500, look);
  }

  #scheduleTalk(): void {
    for (let index = 1; index <= this.options.messages; index++) {
      const conversation = `room-${this.#chance.between(1, this.options.conversations)}`;
      const thread = this.#chance.happens(0.3) ? { thread: 'aside' } : {};
      const length = this.#chance.happens(0.2) ? ' long' : '';
      this.clock.after(this.#chance.between(0, stormMs * 0.8), () =>
        this.platform.say({
          id: `said-${index}`,
          conversation,
          sender: 'ada',
          text: `${index}${length}`,
          ...thread,
        }),
      );
    }
  }
}

function settings(onUnknown: 'resend-labelled' | 'hold'): EngineSettings {
  const worker = { inFlightMax: 64, perSourceMax: 32, leaseMs: 6_000, pollMs: 2_000, graceMs: 1_000 };
  return {
    inboxDepthMax: 10_000,
    inboxWorker: worker,
    outboxWorker: worker,
    events: {
      turnsPerSourceMax: 8,
      retryMsMin: 200,
      retryMsMax: 5_000,
      waitMs: 1_000,
      outboxDepthMax: 10_000,
      botTurnsPerDayMax: 48,
    },
    attemptMs: 5_000,
    retry: {
      attemptsMax: 1_000,
      deferralsMax: 1_000,
      ageMsMax: 1e12,
      backoffMsMin: 100,
      backoffMsMax: 3_000,
      onUnknown,
    },
    attachments: attachmentLimits,
    connectors: {
      backoffMsMin: 200,
      backoffMsMax: 3_000,
      stableMs: 10_000,
      failuresMax: 6,
      breakerMs: 10_000,
      openTimeoutMs: 3_000,
      claimMs: 4_000,
    },
  };
}
