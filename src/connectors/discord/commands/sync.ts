import { sleep } from '../../../lib/clock.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import { type CatalogueCommand, globalScope, hashOf, scopesOf, toRegistered } from './catalogue.ts';

export interface CommandSyncDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'notes' | 'clock' | 'log'>;
  readonly rest: Pick<Rest, 'call'>;
  readonly applicationId: Snowflake;
  readonly commands: readonly CatalogueCommand[];
}

export interface CommandSyncSnapshot {
  readonly state: 'pending' | 'synced' | 'failed';
  readonly commands: number;
  /** Scopes that had to be told something in this session. */
  readonly written: number;
  readonly detail?: string;
}

/** Where it is remembered which scopes were ever registered, so that they can be emptied. */
const scopesNote = 'commands';
const hashNote = (scope: string): string => `commands:${scope}`;
const triesMax = 20;
const waitMsMin = 1_000;
const waitMsMax = 10 * 60_000;

/**
 * Registers the catalogue of commands with Discord: each scope as a whole, and only when it has changed since
 * the last time, so that a restart tells nothing. In the background, and of the least importance.
 */
export class CommandSync {
  readonly #deps: CommandSyncDeps;
  #state: CommandSyncSnapshot['state'] = 'pending';
  #detail: string | undefined;
  #written = 0;

  constructor(deps: CommandSyncDeps) {
    this.#deps = deps;
  }

  get snapshot(): CommandSyncSnapshot {
    return {
      state: this.#state,
      commands: this.#deps.commands.length,
      written: this.#written,
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
    };
  }

  /** Resolves when it is done, or has given up; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { host, commands } = this.#deps;
    try {
      const wanted = scopesOf(commands);
      const earlier = (await host.notes.get(scopesNote))?.split(' ') ?? [];
      const scopes = [...new Set([...wanted.keys(), ...earlier])].filter((scope) => scope !== '');
      if (wanted.size > 0) await host.notes.put({ key: scopesNote, value: scopes.join(' ') });
      const failures: string[] = [];
      for (const scope of scopes) {
        const failure = await this.#syncScope(scope, wanted.get(scope) ?? [], signal);
        if (failure !== undefined) failures.push(`${scope}: ${failure}`);
      }
      this.#state = failures.length === 0 ? 'synced' : 'failed';
      this.#detail = failures.length === 0 ? undefined : failures.join('; ');
      if (failures.length > 0) host.log.warn('commands.not_registered', { detail: this.#detail });
    } catch (error) {
      if (signal.aborted) return;
      this.#state = 'failed';
      host.log.error('commands.failed', { error });
    }
  }

  /** Why it failed; undefined when the platform has what the catalogue says. */
  async #syncScope(
    scope: string,
    commands: readonly CatalogueCommand[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { host, applicationId } = this.#deps;
    // Of this application: with the token of another one, nothing is registered yet.
    const hash = `${applicationId} ${hashOf(commands)}`;
    if ((await host.notes.get(hashNote(scope))) === hash) return undefined;
    const failure = await this.#write(scope, commands, signal);
    if (failure !== undefined) return failure;
    this.#written++;
    await host.notes.put({ key: hashNote(scope), value: hash });
    host.log.info('commands.registered', { scope, commands: commands.length });
    return undefined;
  }

  async #write(
    scope: string,
    commands: readonly CatalogueCommand[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { rest, host } = this.#deps;
    let last = 'Discord asked to wait too often.';
    for (let tries = 1; tries <= triesMax; tries++) {
      signal.throwIfAborted();
      const answer = await rest.call(this.#request(scope, commands), signal);
      if (answer.kind === 'ok') return undefined;
      if (answer.kind === 'refused') return answer.detail;
      if (answer.kind === 'failed') last = answer.detail;
      const asked = answer.kind === 'wait' ? answer.afterMs : waitMsMin * 2 ** tries;
      await sleep(host.clock, Math.min(Math.max(asked, waitMsMin), waitMsMax), signal);
    }
    return last;
  }

  #request(scope: string, commands: readonly CatalogueCommand[]): RestRequest {
    const { applicationId: application } = this.#deps;
    const where =
      scope === globalScope
        ? { route: '/applications/{application}/commands', params: { application } }
        : {
            route: '/applications/{application}/guilds/{guild}/commands',
            params: { application, guild: scope },
          };
    return { method: 'PUT', ...where, json: toRegistered(commands), priority: 'background', auth: 'bot' };
  }
}
