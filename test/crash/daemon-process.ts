import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient, type ApiClient } from '../../src/cli/client.ts';

/** Short leases, so that what a killed daemon held is soon taken over; the rest are the defaults. */
const config = {
  worker: { leaseMs: 2_000, pollMs: 500, graceMs: 1_000 },
  connectors: { claimMs: 2_000, backoffMsMin: 50, backoffMsMax: 500 },
  inbox: { retryMsMin: 50, retryMsMax: 500 },
  outbox: { retryMsMin: 50, retryMsMax: 500, attemptsMax: 100 },
};

/** A state directory, and the daemon that is started in it again and again. */
export class DaemonProcess {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'palyra-crash-'));
  readonly #command: readonly string[];
  readonly #isQuiet: boolean;
  /** What it has logged in all its lives, by event; only where that is not shown. */
  readonly logged = new Map<string, number>();
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  /**
   * `command` is what Node runs, e.g. a script and its arguments; the state directory comes last. What it logs
   * is shown, unless that is to be `quiet`.
   */
  constructor(command: readonly string[], { quiet = false } = {}) {
    this.#command = command;
    this.#isQuiet = quiet;
    writeFileSync(join(this.stateDir, 'config.json'), JSON.stringify(config));
  }

  /** Starts it and waits until it is up. Answers false when it died on the way. */
  async start(crashAt?: string): Promise<boolean> {
    const child = spawn(process.execPath, [...this.#command, this.stateDir], {
      stdio: ['ignore', 'pipe', this.#isQuiet ? 'pipe' : 'inherit'],
      env: { PATH: process.env.PATH, ...(crashAt === undefined ? {} : { PALYRA_CRASH_AT: crashAt }) },
    });
    this.#child = child;
    if (child.stderr) createInterface(child.stderr).on('line', (line) => this.#note(line));
    this.#ended = once(child, 'exit');
    const up = once(child.stdout!, 'data').then(() => true);
    return Promise.race([up, this.#ended.then(() => false)]);
  }

  #note(line: string): void {
    const event = /"event":"([\w.]+)"/.exec(line)?.[1];
    if (event !== undefined) this.logged.set(event, (this.logged.get(event) ?? 0) + 1);
  }

  get api(): ApiClient {
    const { adminUrl } = JSON.parse(readFileSync(join(this.stateDir, 'daemon.json'), 'utf8')) as {
      adminUrl: string;
    };
    return createClient({ adminUrl, token: readFileSync(join(this.stateDir, 'admin.token'), 'utf8').trim() });
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the process is gone. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
