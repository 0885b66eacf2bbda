import { AppError, isAppError } from '../../../domain/errors.ts';
import { sleep } from '../../../lib/clock.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import { outcomeOf } from '../rest/outcome.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import { untilStored } from '../session/until-stored.ts';
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
  /** Why a scope is not registered, or not yet. */
  readonly detail?: string;
}

/** A scope that does not have what the catalogue says. */
interface Task {
  readonly scope: string;
  readonly commands: readonly CatalogueCommand[];
  readonly hash: string;
  failures: number;
  /** By the monotonic clock. */
  dueAt: number;
}

type Verdict =
  | { readonly kind: 'done' }
  /** There is no such scope any more, and nothing was to be in it. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'later'; readonly afterMs: number; readonly detail: string }
  | { readonly kind: 'never'; readonly detail: string };

/** Where it is remembered which scopes were ever registered, so that they can be emptied. */
const scopesNote = 'commands';
const hashNote = (scope: string): string => `commands:${scope}`;
/** In the place of a scope, of what went wrong with none in particular. */
const allScopes = 'all';
const waitMsMin = 1_000;
/** Of what failed on the other side. */
const backoffMsMax = 60 * 60_000;
/** Of what the platform asks for: the commands that may be made are counted by day. */
const waitMsMax = 24 * 60 * 60_000;

/**
 * Registers the catalogue of commands with Discord: each scope as a whole, and only when it has changed since
 * the last time, so that a restart tells nothing. In the background, and of the least importance. What may be
 * taken later is tried again for as long as the session lasts, and holds up no other scope.
 */
export class CommandSync {
  readonly #deps: CommandSyncDeps;
  #state: CommandSyncSnapshot['state'] = 'pending';
  /** As `scopesNote` has them. */
  #scopes: readonly string[] = [];
  readonly #details = new Map<string, string>();
  #written = 0;

  constructor(deps: CommandSyncDeps) {
    this.#deps = deps;
  }

  get snapshot(): CommandSyncSnapshot {
    const detail = [...this.#details].map(([scope, text]) => `${scope}: ${text}`).join('; ');
    return {
      state: this.#state,
      commands: this.#deps.commands.length,
      written: this.#written,
      ...(detail === '' ? {} : { detail }),
    };
  }

  /** Resolves when all is registered or refused, or `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { host } = this.#deps;
    for (let failures = 1; ; failures++) {
      try {
        await this.#work(await this.#listTasks(signal), signal);
        this.#state = this.#details.size === 0 ? 'synced' : 'failed';
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#details.set(allScopes, AppError.from(error).message);
        if (!isAppError(error)) host.log.error('commands.failed', { error });
        await sleep(host.clock, backoffOf(failures), signal);
        this.#details.delete(allScopes);
      }
    }
  }

  async #listTasks(signal: AbortSignal): Promise<Task[]> {
    const { host, applicationId, commands } = this.#deps;
    const wanted = scopesOf(commands);
    const earlier = (await this.#note(scopesNote, signal))?.split(' ') ?? [];
    this.#scopes = [...new Set([...wanted.keys(), ...earlier])].filter((scope) => scope !== '');
    if (wanted.size > 0) await this.#putNote(scopesNote, this.#scopes.join(' '), signal);
    const tasks: Task[] = [];
    for (const scope of this.#scopes) {
      const inScope = wanted.get(scope) ?? [];
      // Of this application: with the token of another one, nothing is registered yet.
      const hash = `${applicationId} ${hashOf(inScope)}`;
      if ((await this.#note(hashNote(scope), signal)) === hash) continue;
      tasks.push({ scope, commands: inScope, hash, failures: 0, dueAt: host.clock.monotonic() });
    }
    return tasks;
  }

  /** One at a time, the one that is due first. */
  async #work(tasks: Task[], signal: AbortSignal): Promise<void> {
    const { host } = this.#deps;
    while (tasks.length > 0) {
      const task = tasks.reduce((first, other) => (other.dueAt < first.dueAt ? other : first));
      const waitMs = task.dueAt - host.clock.monotonic();
      if (waitMs > 0) await sleep(host.clock, waitMs, signal);
      signal.throwIfAborted();
      const verdict = await this.#tell(task, signal);
      signal.throwIfAborted();
      if (verdict.kind === 'later') {
        this.#putOff(task, verdict);
        continue;
      }
      tasks.splice(tasks.indexOf(task), 1);
      if (verdict.kind === 'done') await this.#done(task, signal);
      else if (verdict.kind === 'gone') await this.#forget(task, signal);
      else this.#refused(task, verdict.detail);
    }
  }

  /** What cannot even be asked now, as with a vault that is locked, can be asked later. */
  async #tell(task: Task, signal: AbortSignal): Promise<Verdict> {
    try {
      return verdictOf(await this.#deps.rest.call(this.#request(task), signal), task);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) this.#deps.host.log.error('commands.failed', { scope: task.scope, error });
      return waitAfterFailure(task, AppError.from(error).message);
    }
  }

  async #done({ scope, hash, commands }: Task, signal: AbortSignal): Promise<void> {
    this.#details.delete(scope);
    this.#written++;
    await this.#putNote(hashNote(scope), hash, signal);
    this.#deps.host.log.info('commands.registered', { scope, commands: commands.length });
  }

  async #forget({ scope }: Task, signal: AbortSignal): Promise<void> {
    const { host } = this.#deps;
    this.#details.delete(scope);
    this.#scopes = this.#scopes.filter((other) => other !== scope);
    await this.#putNote(scopesNote, this.#scopes.join(' '), signal);
    await untilStored(() => host.notes.remove(hashNote(scope)), { ...host, signal });
    host.log.info('commands.scope_gone', { scope });
  }

  #refused({ scope }: Task, detail: string): void {
    this.#details.set(scope, detail);
    this.#deps.host.log.warn('commands.not_registered', { scope, detail });
  }

  #putOff(task: Task, { afterMs, detail }: Extract<Verdict, { kind: 'later' }>): void {
    const { clock, log } = this.#deps.host;
    const { scope } = task;
    const retryAt = clock.now() + afterMs;
    task.dueAt = clock.monotonic() + afterMs;
    this.#details.set(scope, `${detail} Next try at ${new Date(retryAt).toISOString()}.`);
    log.info('commands.put_off', { scope, detail, retry_at: retryAt });
  }

  #request({ scope, commands }: Task): RestRequest {
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

  #note(key: string, signal: AbortSignal): Promise<string | undefined> {
    const { host } = this.#deps;
    return untilStored(() => host.notes.get(key), { ...host, signal });
  }

  #putNote(key: string, value: string, signal: AbortSignal): Promise<void> {
    const { host } = this.#deps;
    return untilStored(() => host.notes.put({ key, value }), { ...host, signal });
  }
}

/** To write a scope twice comes to the same, as with an edit. */
function verdictOf(answer: RestAnswer, task: Task): Verdict {
  const outcome = outcomeOf(answer, 'edit');
  if (outcome.kind === 'delivered') return { kind: 'done' };
  const detail = outcome.detail ?? '';
  if (outcome.kind === 'rejected')
    return isGone(answer, task)
      ? { kind: 'gone' }
      : { kind: 'never', detail: hintOf(answer, task) ?? detail };
  const asked = outcome.kind === 'retry' ? outcome.afterMs : undefined;
  if (asked === undefined) return waitAfterFailure(task, detail);
  return { kind: 'later', afterMs: Math.min(Math.max(asked, waitMsMin), waitMsMax), detail };
}

function waitAfterFailure(task: Task, detail: string): Verdict {
  task.failures++;
  return { kind: 'later', afterMs: backoffOf(task.failures), detail };
}

function backoffOf(failures: number): number {
  return Math.min(waitMsMin * 2 ** failures, backoffMsMax);
}

/** Commands are taken away from a server that the bot has left, and there is nobody to tell. */
function isGone(answer: RestAnswer, { scope, commands }: Task): boolean {
  if (scope === globalScope || commands.length > 0 || answer.kind !== 'refused') return false;
  return answer.status === 403 || answer.status === 404;
}

/** What is refused for a server is so for another reason than what is refused in a channel. */
function hintOf(answer: RestAnswer, { scope }: Task): string | undefined {
  if (scope === globalScope || answer.kind !== 'refused' || answer.status !== 403) return undefined;
  return `The bot is not in that server, or was added without the scope applications.commands. Invite it again. (HTTP 403, code ${answer.code})`;
}
