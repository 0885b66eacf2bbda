import type { Agent } from '../../src/agents/agent.ts';
import { AdapterRegistry } from '../../src/connectors/registry.ts';
import { Engine, type EngineSettings } from '../../src/core/engine.ts';
import { AppError } from '../../src/domain/errors.ts';
import { type Clock, sleep } from '../../src/lib/clock.ts';
import { createNextId } from '../../src/lib/ids.ts';
import { type Logger, silentLogger } from '../../src/lib/logger.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Store } from '../../src/store/store.ts';
import { type ChatApi, ChatUnreachable, createChatAdapter } from '../fakes/chat/adapter.ts';
import { type ChatPlatform, ChatRefusal } from '../fakes/chat/platform.ts';
import { noNetwork } from '../support/no-network.ts';
import type { Chance } from './chance.ts';
import type { Marks } from './marks.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Weather } from './weather.ts';

export interface SimProcessDeps {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly store: Store;
  readonly platform: ChatPlatform;
  readonly weather: () => Weather;
  readonly marks: Marks;
  readonly settings: EngineSettings;
}

/** Errors that bad weather leads to: a connector that is lost, and what a person is to decide about. */
const expected = new Set(['connector.status', 'delivery.held']);

/**
 * One daemon as the simulation runs it: the real engine on the real store, with weather between it and the
 * world. Killed, it never hears of anything again, and nothing that it does reaches anybody.
 */
export class SimProcess {
  readonly #deps: SimProcessDeps;
  readonly #clock: Clock;
  #alive = true;

  constructor(deps: SimProcessDeps) {
    this.#deps = deps;
    this.#clock = deps.clock.forProcess(() => this.#alive);
  }

  get alive(): boolean {
    return this.#alive;
  }

  async start(): Promise<void> {
    const { platform, chance, settings, name } = this.#deps;
    const clock = this.#clock;
    const adapters = new AdapterRegistry([createChatAdapter(platform.traits, () => this.#api())]);
    const engine = new Engine({
      store: this.#store(),
      adapters,
      createAgent: () => this.#agent(),
      resolveSecret: () => Promise.resolve(new Secret(platform.token)),
      ...noNetwork,
      clock,
      random: chance.next,
      nextId: createNextId(clock, chance.next),
      log: this.#log(),
      owner: name,
      settings,
    });
    await engine.start();
  }

  kill(): void {
    this.#alive = false;
  }

  /** Everything that leaves the process passes here, before and after. */
  async #gate(): Promise<void> {
    await this.#whileAlive();
    const { chance, weather, marks } = this.#deps;
    if (!chance.happens(weather().killed)) return;
    marks.saw('killed');
    this.kill();
    await this.#whileAlive();
  }

  #whileAlive(): Promise<void> {
    return this.#alive ? Promise.resolve() : new Promise(() => undefined);
  }

  #store(): Store {
    const { store } = this.#deps;
    const wrapPart = (part: object): object =>
      Object.fromEntries(
        Object.entries(part).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
          name,
          (...args: unknown[]) => this.#storeCall(name, () => method(...args)),
        ]),
      );
    const parts = Object.fromEntries(
      Object.entries(store)
        .filter(([, part]) => typeof part === 'object')
        .map(([name, part]) => [name, wrapPart(part as object)]),
    );
    return {
      ...(parts as unknown as Store),
      watch: (listener) => store.watch((topics) => (this.#alive ? listener(topics) : undefined)),
      close: () => Promise.resolve(),
    };
  }

  async #storeCall(name: string, call: () => Promise<unknown>): Promise<unknown> {
    const { chance, weather, marks } = this.#deps;
    await this.#gate();
    if (chance.happens(weather().commitLost)) {
      marks.saw('commit lost');
      throw new AppError('unavailable', 'The commit failed.');
    }
    const answer = await call().catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'lease_lost') marks.saw(`stale write refused: ${name}`);
      throw error;
    });
    await this.#gate();
    if (chance.happens(weather().commitAnswerLost)) {
      marks.saw('answer to a commit lost');
      throw new AppError('unavailable', 'The answer to the commit was lost.');
    }
    return answer;
  }

  #agent(): Agent {
    const { chance, weather, marks } = this.#deps;
    return {
      run: async (turn, out, signal) => {
        await this.#gate();
        await sleep(this.#clock, chance.between(0, 400), signal);
        await this.#gate();
        if (chance.happens(weather().agentFails)) {
          marks.saw('agent failed');
          throw new AppError('unavailable', 'The agent failed.');
        }
        if (turn.event.type !== 'message.created') return { kind: 'answered' };
        const { text } = turn.event;
        out.send({
          op: 'send',
          text: text.endsWith('long') ? `re ${text} `.padEnd(500, 'x ') : `re ${text}`,
        });
        return { kind: 'answered' };
      },
    };
  }

  #api(): ChatApi {
    const { platform, chance, weather, marks } = this.#deps;
    const call = async <Value>(work: () => Value, changes: boolean, signal: AbortSignal): Promise<Value> => {
      await this.#gate();
      await sleep(this.#clock, chance.between(1, 60), signal);
      if (signal.aborted) throw new ChatUnreachable(false);
      if (chance.happens(weather().requestLost)) {
        marks.saw('request lost');
        throw new ChatUnreachable(false);
      }
      if (changes && chance.happens(weather().rateLimited)) {
        marks.saw('rate limited');
        throw new ChatRefusal(429, 'slow down', chance.between(100, 3_000));
      }
      const answer = work();
      await this.#gate();
      await sleep(this.#clock, chance.between(1, 60), signal);
      const isCut = (): boolean => signal.aborted;
      if (isCut() || (changes && chance.happens(weather().replyLost))) {
        marks.saw('reply lost');
        throw new ChatUnreachable(true);
      }
      return answer;
    };
    return {
      me: (token, signal) => call(() => platform.me(token), false, signal),
      post: (token, message, signal) => call(() => platform.post(token, message), true, signal),
      find: (token, key, signal) => call(() => platform.find(token, key), false, signal),
      updates: async (token, position, signal) => {
        if (platform.updates(token, position).length === 0) await sleep(this.#clock, 500, signal);
        if (chance.happens(weather().sessionLost)) {
          marks.saw('session lost');
          throw new ChatUnreachable(false);
        }
        // At-least-once: now and then the platform begins a little earlier than it was asked to.
        const from =
          position > 0 && chance.happens(weather().replyLost)
            ? Math.max(0, position - chance.between(1, 3))
            : position;
        if (from < position) marks.saw('platform redelivered');
        return call(() => platform.updates(token, from), false, signal);
      },
    };
  }

  #log(): Logger {
    const { marks } = this.#deps;
    const logger: Logger = {
      ...silentLogger,
      error: (event, fields) => {
        const error = fields?.error;
        const isWeather = error instanceof AppError && error.code === 'unavailable';
        if (!isWeather && !expected.has(event))
          marks.complain(
            `${event} ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields)}`,
          );
      },
      with: () => logger,
    };
    return logger;
  }
}
